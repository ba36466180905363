"""Retries: what is repeated, what is not, and who pays."""

import threading
import time

from proxy_harness import Wire, eventually, running

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n%s\r\nbusy"
RETRY = """
upstreams:
  a:
    to: $0
    retry:
      attempts: 3
      on: [connect-failure, reset, timeout, 503]
      per_try_timeout: 300ms
      backoff: { base: 5ms, max: 20ms }
"""


class Script:
    """Answers the n-th request (of all connections) by the n-th step; the last repeats."""

    def __init__(self, *steps):
        self.steps = steps
        self.heads, self.bodies = [], []
        self.lock = threading.Lock()

    def __call__(self, connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            body = wire.body(head[1])
            with self.lock:
                step = self.steps[min(len(self.heads), len(self.steps) - 1)]
                self.heads.append(head)
                self.bodies.append(body)
            if step == "hang":
                wire.rest()
            elif step == "close":
                connection.close()
                return
            else:
                connection.sendall(step)


def post(body, key=True):
    line = b"Idempotency-Key: k\r\n" if key else b""
    return (b"POST / HTTP/1.1\r\nHost: a\r\n" + line
            + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def test_an_answer_of_overload_is_repeated_on_the_same_connection(tmp_path):
    script = Script(BUSY % b"", BUSY % b"", OK)
    with running(tmp_path, RETRY, script) as (proxy, origins):
        assert proxy.get()[0] == 200
        assert len(script.heads) == 3 and origins[0].accepted == 1
        assert "x-envoy-attempt-count" not in script.heads[0][1]
        assert [h[1].get("x-envoy-attempt-count") for h in script.heads[1:]] == ["2", "3"]
        assert proxy.metric("weir_retries_total", result="sent") == 2
        assert proxy.metric("weir_requests_total") == 1
        assert proxy.metric("weir_inflight") == 0


def test_the_last_answer_is_passed_on_when_the_tries_are_used_up(tmp_path):
    script = Script(BUSY % b"")
    with running(tmp_path, RETRY, script) as (proxy, _origins):
        status, _, body = proxy.get()
        assert status == 503 and body == b"busy" and len(script.heads) == 3


def test_a_reset_and_a_hang_are_repeated(tmp_path):
    script = Script("close", "hang", OK)
    with running(tmp_path, RETRY, script) as (proxy, _origins):
        began = time.monotonic()
        assert proxy.get()[0] == 200
        assert 0.25 < time.monotonic() - began < 5
        assert len(script.heads) == 3
        assert eventually(lambda: proxy.metric("weir_pool_connections", state="active") == 0)


def test_a_body_is_sent_again_whole(tmp_path):
    script = Script(BUSY % b"", "close", OK)
    body = bytes(range(256)) * 200  # 51,200 bytes
    with running(tmp_path, RETRY, script) as (proxy, _origins):
        assert proxy.ask(post(body))[0] == 200
        assert script.bodies == [body] * 3


def test_a_body_beyond_the_bound_and_a_post_without_a_key_are_sent_once(tmp_path):
    script = Script(BUSY % b"")
    with running(tmp_path, RETRY, script) as (proxy, _origins):
        assert proxy.ask(post(b"x" * 100_000))[0] == 503
        assert proxy.ask(post(b"x", key=False))[0] == 503
        assert len(script.heads) == 2


def test_pushback_and_marks_of_overload_are_honoured(tmp_path):
    for line, tries in ((b"x-envoy-overloaded: true\r\n", 1), (b"Retry-After: 60\r\n", 1),
                        (b"grpc-retry-pushback-ms: -1\r\n", 1),
                        (b"grpc-retry-pushback-ms: 1\r\n", 3)):
        script = Script(BUSY % line)
        with running(tmp_path, RETRY, script) as (proxy, _origins):
            assert proxy.get()[0] == 503
            assert len(script.heads) == tries, line


def test_a_request_that_is_a_retry_is_not_repeated_below(tmp_path):
    script = Script(BUSY % b"")
    with running(tmp_path, RETRY, script) as (proxy, _origins):
        assert proxy.get("/", "x-envoy-attempt-count: 2\r\n")[0] == 503
        assert len(script.heads) == 1


def test_the_budget_bounds_the_attempts(tmp_path):
    text = RETRY + "      budget: { percent: 20%, interval: 1s, min_rate: 5/s }\n"
    script = Script(BUSY % b"")
    with running(tmp_path, text, script) as (proxy, _origins):
        began = time.monotonic()
        for _ in range(60):
            assert proxy.get()[0] == 503
        most = 5 + 5 * (time.monotonic() - began) + 1  # what was saved, and what time pays for
        assert len(script.heads) - 60 <= most
        assert proxy.metric("weir_retries_total", result="budget_denied") > 0


def test_the_deadline_of_the_route_includes_the_tries(tmp_path):
    text = RETRY + "routes:\n  - { to: a, timeout: 450ms }\n"
    script = Script("hang")
    with running(tmp_path, text, script) as (proxy, _origins):
        began = time.monotonic()
        assert proxy.get()[0] == 504
        assert time.monotonic() - began < 1.5
        assert len(script.heads) == 2
        told = [int(head[1]["x-envoy-expected-rq-timeout-ms"]) for head in script.heads]
        assert told[0] <= 300 and told[1] <= 200, "each try is told what is left for it"
