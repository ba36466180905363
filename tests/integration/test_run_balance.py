"""Many endpoints, of which one is slow and one fails fast: nobody notices."""

import threading
import time

from proxy_harness import Wire, eventually, running

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Endpoint:
    """Answers after a while; counts."""

    def __init__(self, answer=OK, after=0.002):
        self.answer, self.after, self.served = answer, after, 0

    def __call__(self, connection, _number):
        wire = Wire(connection)
        while wire.head() is not None:
            time.sleep(self.after)
            self.served += 1
            connection.sendall(self.answer)


def config(count, balance=""):
    urls = ", ".join(f"${i}" for i in range(count))
    return "workers: 1\nupstreams:\n  a:\n    to: [" + urls + "]\n" + balance


def drive(proxy, callers, requests):
    """(latencies, statuses) of closed-loop callers."""
    latencies, statuses = [], []

    def call():
        wire = proxy.connect()
        for _ in range(requests):
            began = time.monotonic()
            wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            statuses.append(wire.response()[0])
            latencies.append(time.monotonic() - began)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(latencies), statuses


def test_one_slow_and_one_failing_fast_among_ten(tmp_path):
    endpoints = [Endpoint() for _ in range(10)]
    endpoints[3] = Endpoint(after=0.5)
    endpoints[7] = Endpoint(BROKEN, after=0)
    with running(tmp_path, config(10), *endpoints) as (proxy, _origins):
        drive(proxy, 4, 50)  # it learns
        before = endpoints[3].served, endpoints[7].served
        latencies, statuses = drive(proxy, 4, 100)
        assert endpoints[3].served - before[0] <= 4  # 1 % of 400
        assert endpoints[7].served - before[1] <= 4
        assert statuses.count(200) >= 396
        assert latencies[int(len(latencies) * 0.98)] < 0.4


def test_fast_refusals_draw_no_load(tmp_path):
    endpoints = [Endpoint(), Endpoint(), Endpoint(), Endpoint(BUSY, after=0)]
    with running(tmp_path, config(4), *endpoints) as (proxy, _origins):
        _, statuses = drive(proxy, 2, 200)
        assert endpoints[3].served <= 50  # some twenty to learn from; blind choice would send 100
        assert statuses.count(503) == endpoints[3].served


def test_ejection_has_a_ceiling_and_ends(tmp_path):
    balance = ("    balance:\n      policy: round-robin\n      slow_start: 0s\n"
               "      ejection: { failures: 3, base: 300ms, max_share: 50% }\n")
    endpoints = [Endpoint(BROKEN, after=0) for _ in range(4)]
    with running(tmp_path, config(4, balance), *endpoints) as (proxy, _origins):
        drive(proxy, 1, 40)
        state = proxy.state("pool")["figures"]
        assert state["ejected_endpoints"] == 2
        for endpoint in endpoints:
            endpoint.answer = OK
        assert eventually(lambda: proxy.state("pool")["figures"]["ejected_endpoints"] == 0)
        before = [endpoint.served for endpoint in endpoints]
        _, statuses = drive(proxy, 1, 40)
        assert statuses.count(200) == 40
        assert all(e.served - b == 10 for e, b in zip(endpoints, before))


def test_the_ring_sends_a_key_to_one_endpoint(tmp_path):
    balance = "    balance: { policy: ring-hash, hash_header: x-user }\n"
    endpoints = [Endpoint(after=0) for _ in range(4)]
    with running(tmp_path, config(4, balance), *endpoints) as (proxy, _origins):
        for _ in range(10):
            assert proxy.get("/", "X-User: ann\r\n")[0] == 200
        assert sorted(endpoint.served for endpoint in endpoints) == [0, 0, 0, 10]
        for user in range(40):
            proxy.get("/", f"X-User: {user}\r\n")
        assert all(endpoint.served > 0 for endpoint in endpoints)


def test_health_checks_take_an_ill_endpoint_out_and_bring_it_back(tmp_path):
    balance = ("    balance: { policy: round-robin, slow_start: 0s, ejection: { failures: 0 } }\n"
               "    health: { path: /up, interval: 50ms, timeout: 50ms, unhealthy_after: 2 }\n")
    ill = threading.Event()

    def ailing(connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            check = head[0].startswith("GET /up ")
            connection.sendall(BUSY if check and ill.is_set() else OK)

    well = Endpoint(after=0)
    with running(tmp_path, config(2, balance), well, ailing) as (proxy, _origins):
        ill.set()
        assert eventually(lambda: proxy.state("pool")["figures"]["ill_endpoints"] == 1)
        before = well.served
        drive(proxy, 1, 20)
        assert well.served - before >= 20  # its own checks are counted too
        ill.clear()
        assert eventually(lambda: proxy.state("pool")["figures"]["ill_endpoints"] == 0)
        assert proxy.metric("weir_requests_total", outcome="failure") == 0
