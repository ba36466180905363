"""Random faults from printed seeds: every request gets an answer or sees the end, nothing leaks.

WEIR_FAULT_SCHEDULES sets how many schedules; the default is what a test run can afford.
"""

import os
import random
import threading
import time

from proxy_harness import Wire, eventually, running

SCHEDULES = int(os.environ.get("WEIR_FAULT_SCHEDULES", "24"))
FIRST_SEED = int(os.environ.get("WEIR_FAULT_SEED", "1"))
REQUESTS = 12
CONFIG = """
workers: 2
timeouts: { connect: 1s, response: 400ms, stream_idle: 1s, upstream_idle: 1s }
upstreams:
  a:
    to: [$0, $1, $2]
    breaker:
      open_when: { failures: 70%, min_requests: 10, window: 2s }
      open_for: { initial: 100ms, max: 200ms }
      probes: 2
    balance: { ejection: { base: 200ms }, slow_start: 100ms }
    retry:
      attempts: 3
      on: [connect-failure, reset, timeout, 503]
      per_try_timeout: 200ms
      backoff: { base: 5ms, max: 20ms }
"""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Faulty:
    """Misbehaves as its random source says, request by request, until it is healed."""

    def __init__(self):
        self.random = random.Random(0)
        self.healed = True

    def __call__(self, connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            wire.body(head[1])
            fault = "none" if self.healed else self.random.choice(
                ["none", "none", "latency", "reset", "close", "hang", "half", "drip", "500", "503",
                 "garbage", "late close"])
            if not self.answer(connection, wire, fault):
                return

    def answer(self, connection, wire, fault):
        """Whether the connection goes on."""
        if fault == "latency":
            time.sleep(self.random.random() * 0.3)
        if fault == "reset":
            connection.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        if fault in ("reset", "close"):
            connection.close()
            return False
        if fault == "hang":
            wire.rest()
            return False
        if fault == "half":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            connection.close()
            return False
        if fault == "drip":
            for byte in OK:
                connection.sendall(bytes([byte]))
                time.sleep(0.002)
            return True
        if fault == "garbage":
            connection.sendall(b"SMTP ready\r\n\r\n")
            return False
        if fault in ("500", "503"):
            connection.sendall(b"HTTP/1.1 %s Ill\r\nContent-Length: 0\r\n\r\n" % fault.encode())
            return True
        connection.sendall(OK)
        if fault == "late close":
            time.sleep(0.01)
            connection.close()
            return False
        return True


def ask(proxy, rng):
    """'answer', 'refused' (by the breaker), 'end' or 'nothing'. Some callers give up themselves."""
    wire = proxy.connect()
    wire.socket.settimeout(8)
    try:
        if rng.random() < 0.5:
            wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        else:
            wire.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n" + b"x" * 3000)
        if rng.random() < 0.1:
            return "end"
        answer = wire.response()
        if answer is None:
            return "end"
        return "refused" if answer[0] == 503 and b"breaker_open" in answer[2] else "answer"
    except (EOFError, ConnectionError):
        return "end"
    except TimeoutError:
        return "nothing"
    finally:
        wire.socket.close()


def well_again(proxy, origins):
    """Everything heals; nothing may stay open, or ejected for ever."""
    for origin in origins:
        origin.healed = True
    assert eventually(lambda: proxy.get()[0] == 200), "a breaker or an ejection is stuck"
    assert eventually(lambda: proxy.get()[0] == 200
                      and proxy.metric("weir_breaker_state", state="closed") == 1)


def test_random_faults_leave_nothing_behind(tmp_path):
    origins = [Faulty(), Faulty(), Faulty()]
    with running(tmp_path, CONFIG, *origins) as (proxy, _sockets):
        served = 0
        for seed in range(FIRST_SEED, FIRST_SEED + SCHEDULES):
            print("seed", seed)
            well_again(proxy, origins)
            rng = random.Random(seed)
            for origin in origins:
                origin.random, origin.healed = random.Random(rng.random()), rng.random() < 0.2
            seeds = [random.Random(rng.random()) for _ in range(REQUESTS)]
            results = []
            threads = [threading.Thread(target=lambda s=s: results.append(ask(proxy, s)))
                       for s in seeds]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(results) == REQUESTS and "nothing" not in results, seed
            served += results.count("answer")
        assert served > SCHEDULES * REQUESTS / 3, "most of it met an open breaker"
        well_again(proxy, origins)
        for name, labels in (("weir_inflight", {}), ("weir_queue_depth", {}),
                             ("weir_connections", {}),
                             ("weir_pool_connections", {"state": "active"})):
            assert eventually(lambda: proxy.metric(name, **labels) == 0), name
