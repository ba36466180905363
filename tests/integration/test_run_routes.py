"""weir run: routes, bulkheads and breakers of a file, with real origins behind them."""

import json
import threading
import time

from proxy_harness import Wire, answering, echo, eventually, running

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


def named(name):
    return answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + name)


def hanging(connection, _number):
    """Takes requests and never answers."""
    Wire(connection).rest()


class Many:
    """Callers that each hold one request open."""

    def __init__(self, proxy, count, path):
        self.wires = []
        for _ in range(count):
            wire = proxy.connect()
            wire.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            self.wires.append(wire)

    def close(self):
        for wire in self.wires:
            wire.socket.close()


ROUTES = """
upstreams:
  a: { to: $0 }
  b: { to: $1 }
routes:
  - { match: { path: /b/*, methods: [GET] }, to: b }
  - { match: { host: "*.b.example" }, to: b }
  - { match: { headers: { x-to: b } }, to: b }
  - { match: { path: /a }, to: a }
"""


def test_the_first_route_that_matches_counts(tmp_path):
    with running(tmp_path, ROUTES, named(b"a"), named(b"b")) as (proxy, _origins):
        assert proxy.get("/a")[2] == b"a"
        assert proxy.get("/b/1?x=1")[2] == b"b"
        assert proxy.ask(b"GET /z HTTP/1.1\r\nHost: x.b.example\r\n\r\n")[2] == b"b"
        assert proxy.get("/z", "X-To: b\r\n")[2] == b"b"
        assert proxy.metric("weir_requests_total", route="/b/*", outcome="success") == 1
        assert proxy.metric("weir_upstream_duration_seconds_count", upstream="b") == 3


def test_what_no_route_takes_is_told_so(tmp_path):
    with running(tmp_path, ROUTES, named(b"a"), named(b"b")) as (proxy, _origins):
        status, fields, body = proxy.ask(
            b"POST /b/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        assert status == 404
        assert "destination_not_found" in fields["proxy-status"]
        problem = json.loads(body)
        assert problem["reason"] == "no_route" and "without 'match'" in problem["detail"]
        assert proxy.metric("weir_requests_total", route="(none)", outcome="ignored") == 1


BULKHEADS = """
upstreams:
  a: { to: $0, concurrency: { mode: fixed, limit: 10 }, queue: { max_depth: 2, max_wait: 50ms } }
bulkheads:
  reports: { upstream: a, max: 20% }
  checkout: { upstream: a, reserve: 40% }
routes:
  - { match: { path: /reports/* }, to: a, bulkhead: reports }
  - { match: { path: /checkout/* }, to: a, bulkhead: checkout }
  - { name: rest, to: a }
"""


def slow_below_reports(connection, _number):
    wire = Wire(connection)
    while (head := wire.head()) is not None:
        if "/hang" in head[0]:
            wire.rest()
        connection.sendall(OK)


def test_a_bulkhead_fills_alone(tmp_path):
    with running(tmp_path, BULKHEADS, slow_below_reports) as (proxy, _origins):
        reports = Many(proxy, 2, "/reports/hang")
        assert eventually(lambda: proxy.metric("weir_bulkhead_inflight", bulkhead="reports") == 2)
        status, fields, body = proxy.get("/reports/1")
        assert status == 503 and "proxy-status" in fields
        assert json.loads(body)["reason"] in ("queue_timeout", "shed")
        assert proxy.get("/checkout/1")[0] == 200 and proxy.get("/other")[0] == 200
        reports.close()
        assert eventually(lambda: proxy.metric("weir_bulkhead_inflight", bulkhead="reports") == 0)


def test_a_reserve_is_there_when_everything_else_is_full(tmp_path):
    with running(tmp_path, BULKHEADS, slow_below_reports) as (proxy, _origins):
        others = Many(proxy, 12, "/hang")
        assert eventually(lambda: proxy.metric("weir_bulkhead_inflight", bulkhead="(rest)") == 6)
        assert proxy.get("/other")[0] == 503
        began = time.monotonic()
        for _ in range(20):
            assert proxy.get("/checkout/1")[0] == 200
        assert time.monotonic() - began < 2
        assert proxy.metric("weir_bulkhead_limit", bulkhead="reports") == 2
        others.close()


BREAKER = """
upstreams:
  a:
    to: $0
    breaker:
      open_when: { failures: 50%, min_requests: 5, window: 10s }
      open_for: { initial: 300ms, max: 1s }
      probes: 2
"""


def test_a_breaker_opens_and_closes_again(tmp_path):
    ill = threading.Event()
    ill.set()

    def serve(connection, _number):
        wire = Wire(connection)
        while wire.head() is not None:
            connection.sendall(BROKEN if ill.is_set() else OK)

    with running(tmp_path, BREAKER, serve) as (proxy, _origins):
        for _ in range(5):
            assert proxy.get()[0] == 500
        status, fields, body = proxy.get()
        assert status == 503 and "destination_unavailable" in fields["proxy-status"]
        problem = json.loads(body)
        assert problem["reason"] == "breaker_open" and problem["violated-policies"] == ["breaker"]
        assert "100 % of the calls went wrong, 50 % opens it" in problem["detail"]
        assert proxy.metric("weir_breaker_state", state="open") == 1
        ill.clear()
        assert eventually(lambda: proxy.get()[0] == 200)
        assert proxy.get()[0] == 200
        assert eventually(lambda: proxy.metric("weir_breaker_state", state="closed") == 1)
        assert eventually(lambda: proxy.metric("weir_breaker_transitions_total", to="closed") == 1)
        assert proxy.metric("weir_breaker_transitions_total", to="open", cause="failure_rate") == 1


TIMEOUT = """
upstreams:
  a: { to: $0 }
routes:
  - { to: a, timeout: 200ms }
"""


def test_a_route_has_a_timeout_of_its_own(tmp_path):
    with running(tmp_path, TIMEOUT, hanging) as (proxy, _origins):
        began = time.monotonic()
        status, _, body = proxy.get()
        assert status == 504 and json.loads(body)["reason"] == "response_timeout"
        assert 0.15 < time.monotonic() - began < 2


def test_criticality_of_routes_and_callers(tmp_path):
    text = """
upstreams:
  a: { to: $0 }
routes:
  - { match: { path: /batch }, to: a, priority: SHEDDABLE }
  - { to: a, priority: CRITICAL_PLUS }
"""
    with running(tmp_path, text, echo) as (proxy, _origins):
        proxy.get("/batch")
        proxy.get("/batch", "X-Weir-Priority: CRITICAL\r\n")  # an untrusted claim cannot raise it
        proxy.get("/")
        count = {name: proxy.metric("weir_requests_total", priority=name, outcome="success")
                 for name in ("SHEDDABLE", "CRITICAL", "CRITICAL_PLUS")}
        assert count == {"SHEDDABLE": 2, "CRITICAL": 0, "CRITICAL_PLUS": 1}
