"""Refusals as callers see them, and what --dry-run does instead."""

import json
import threading

from proxy_harness import ONE_AT_A_TIME, Held, Wire, answering, eventually, proxied

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def busy(proxy, held):
    """A caller whose request occupies the one place."""
    wire = proxy.connect()
    wire.send(GET)
    assert eventually(lambda: len(held.heads) == 1)
    return wire


def test_a_refusal_says_everything():
    held = Held()
    with proxied(held, *ONE_AT_A_TIME) as (proxy, origin):
        first = busy(proxy, held)
        status, fields, body = proxy.get("/", "X-Request-Id: r1\r\n")
        name = origin.url.removeprefix("http://")
        assert status == 503
        assert 1 <= int(fields["retry-after"]) <= 2
        assert fields["proxy-status"].startswith("weir; error=proxy_internal_response")
        assert fields["x-envoy-overloaded"] == "true"
        assert fields["content-type"] == "application/problem+json"
        assert fields["cache-control"] == "no-store"
        assert fields["x-request-id"] == "r1"
        assert "connection" not in fields
        problem = json.loads(body)
        assert 1000 <= problem.pop("retry_after_ms") <= 1500
        assert problem == {
            "type": "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
            "title": "Temporarily reduced capacity",
            "status": 503,
            "detail": f"{name} is at its limit: 1 of 1 in flight",
            "violated-policies": ["limiter"],
            "reason": "concurrency_limit",
            "request_id": "r1",
        }
        held.go.set()
        assert first.response()[0] == 200
        assert proxy.metric("weir_rejections_total", reason="concurrency_limit") == 1
        assert proxy.metric("weir_requests_total", outcome="rejected") == 1
        # Refusals never enter the upstream's latency.
        assert proxy.metric("weir_upstream_duration_seconds_count") == 1


def test_a_refused_connection_stays_usable_also_after_a_small_body():
    held = Held()
    with proxied(held, *ONE_AT_A_TIME) as (proxy, _origin):
        _first = busy(proxy, held)
        wire = proxy.connect()
        for request in (GET, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", GET):
            wire.send(request)
            assert wire.response()[0] == 503
        wire.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        status, fields, _ = wire.response(head_only=True)
        assert status == 503 and int(fields["content-length"]) > 100
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nabc")
        status, fields, _ = wire.response()
        assert status == 503 and fields["connection"] == "close"
        held.go.set()


def test_a_request_that_waits_is_served_when_its_turn_comes():
    held = Held()
    with proxied(held, "--limit-max", "1", "--queue-depth", "10", "--queue-wait", "10s",
                 "--workers", "1") as (proxy, _origin):
        first = busy(proxy, held)
        second = proxy.connect()
        second.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        assert eventually(lambda: proxy.metric("weir_queue_depth") == 1)
        assert len(held.heads) == 1
        held.go.set()
        assert first.response()[0] == 200
        assert second.response()[0] == 200
        assert proxy.metric("weir_queue_wait_seconds_count") == 1


def test_waiting_has_an_end():
    held = Held()
    flags = ("--limit-max", "1", "--queue-wait", "100ms", "--workers", "1")
    with proxied(held, *flags) as (proxy, _origin):
        _first = busy(proxy, held)
        status, _, body = proxy.get()
        assert status == 503
        problem = json.loads(body)
        assert problem["reason"] in ("queue_timeout", "shed")
        assert problem["violated-policies"] == ["queue"]
        held.go.set()


def test_waiters_of_every_worker_are_served():
    held = Held()
    with proxied(held, "--limit-max", "1", "--queue-wait", "20s", "--workers", "4") as (proxy, _o):
        wires = [busy(proxy, held)]
        for _ in range(8):
            wire = proxy.connect()
            wire.send(GET)
            wires.append(wire)
        assert eventually(lambda: proxy.metric("weir_queue_depth") >= 1)
        held.go.set()
        statuses = [wire.response()[0] for wire in wires]
        assert statuses[0] == 200 and statuses.count(200) >= 2
        assert set(statuses) <= {200, 503}
        assert proxy.metric("weir_inflight") == 0


def test_a_deadline_that_passes_is_a_504():
    held = Held()
    with proxied(held, "--workers", "1") as (proxy, _origin):
        status, fields, body = proxy.get("/", "X-Request-Deadline-Ms: 100\r\n")
        assert status == 504
        assert json.loads(body)["reason"] == "deadline_passed"
        assert "error=http_response_timeout" in fields["proxy-status"]
        assert int(held.heads[0][1]["x-request-deadline-ms"]) <= 100
        assert proxy.metric("weir_requests_total", outcome="dropped") == 1
        assert proxy.metric("weir_inflight") == 0
        held.go.set()


def test_the_deadline_shrinks_on_the_way_by_what_was_waited():
    held = Held()
    with proxied(held, "--limit-max", "1", "--queue-wait", "10s", "--workers", "1") as (proxy, _o):
        first = busy(proxy, held)
        second = proxy.connect()
        second.send(b"GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 9S\r\n"
                    b"x-envoy-expected-rq-timeout-ms: 9500\r\n\r\n")
        assert eventually(lambda: proxy.metric("weir_queue_depth") == 1)
        threading.Event().wait(0.05)  # well below what the queue sheds
        held.go.set()
        assert (first.response()[0], second.response()[0]) == (200, 200)
        sent = held.heads[1][1]
        assert sent["grpc-timeout"].endswith("m")
        left = int(sent["grpc-timeout"][:-1])
        assert 5000 < left <= 8950
        assert int(sent["x-envoy-expected-rq-timeout-ms"]) == left


def test_dry_run_refuses_nobody_and_counts():
    held = Held()
    with proxied(held, *ONE_AT_A_TIME, "--dry-run") as (proxy, _origin):
        wires = [busy(proxy, held)]
        for _ in range(3):
            wires.append(proxy.connect())
            wires[-1].send(GET)
        assert eventually(lambda: len(held.heads) == 4)
        held.go.set()
        assert [wire.response()[0] for wire in wires] == [200] * 4
        assert proxy.metric("weir_shadow_rejections_total", reason="concurrency_limit") == 3
        assert proxy.metric("weir_rejections_total") == 0


def test_the_priority_of_a_caller_is_counted_and_never_above_critical():
    with proxied(answering(OK)) as (proxy, _origin):
        proxy.get("/", "X-Weir-Priority: SHEDDABLE\r\n")
        proxy.get("/", "baggage: a=b, criticality=SHEDDABLE_PLUS;x=y\r\n")
        proxy.get("/", "X-Weir-Priority: CRITICAL_PLUS\r\n")
        for priority in ("SHEDDABLE", "SHEDDABLE_PLUS", "CRITICAL"):
            assert proxy.metric("weir_requests_total", priority=priority, outcome="success") == 1


def test_overload_answers_of_the_origin_are_drops_and_errors_are_failures():
    responses = iter([b"503 Busy\r\n", b"529 Busy\r\n", b"500 Oops\r\n", b"429 Slow\r\n",
                      b"404 None\r\n"])

    def serve(connection, _number):
        wire = Wire(connection)
        while wire.head() is not None:
            connection.sendall(b"HTTP/1.1 " + next(responses) + b"Content-Length: 0\r\n\r\n")

    with proxied(serve) as (proxy, _origin):
        assert [proxy.get()[0] for _ in range(5)] == [503, 529, 500, 429, 404]
        for outcome, count in (("dropped", 2), ("failure", 1), ("ignored", 1), ("success", 1)):
            assert proxy.metric("weir_requests_total", outcome=outcome) == count
