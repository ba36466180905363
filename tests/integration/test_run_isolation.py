"""One dependency hangs, drips, resets or floods: the routes of the others do not notice."""

import threading
import time

import pytest

from proxy_harness import Wire, answering, eventually, running

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONFIG = """
workers: 1
timeouts: { response: 1s, stream_idle: 2s }
upstreams:
  ill: { to: $0, concurrency: { max: 200 }, queue: { max_wait: 50ms } }
  well: { to: $1 }
routes:
  - { match: { path: /ill/* }, to: ill }
  - { to: well }
"""


def hangs(connection, _number):
    Wire(connection).rest()


def drips(connection, _number):
    Wire(connection).head()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b".")
        time.sleep(0.2)


def resets(connection, _number):
    Wire(connection).head()
    connection.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # SO_LINGER 0: RST
    connection.close()


def floods(connection, _number):
    """Sends without end, whatever was asked."""
    Wire(connection).head()
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while True:
        connection.sendall(chunk)


class Crowd:
    """Callers of the ill route, who take what they get and come again."""

    def __init__(self, proxy, count):
        self.proxy, self.over = proxy, threading.Event()
        self.threads = [threading.Thread(target=self.call) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def call(self):
        while not self.over.is_set():
            wire = self.proxy.connect()
            wire.socket.settimeout(3)
            try:
                wire.send(b"GET /ill/1 HTTP/1.1\r\nHost: a\r\n\r\n")
                for _ in range(20):
                    if self.over.is_set() or not wire.fill():
                        break
                    wire.buffer = b""
                    time.sleep(0.005)
            except OSError:
                pass
            wire.socket.close()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def latencies_of(proxy, count):
    wire = proxy.connect()
    latencies = []
    for _ in range(count):
        began = time.monotonic()
        wire.send(b"GET /well HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.response()[0] == 200
        latencies.append(time.monotonic() - began)
        time.sleep(0.005)
    return sorted(latencies)


@pytest.mark.parametrize("illness", [hangs, drips, resets, floods], ids=lambda f: f.__name__)
def test_the_other_routes_do_not_notice(tmp_path, illness):
    with running(tmp_path, CONFIG, illness, answering(OK)) as (proxy, _origins):
        latencies_of(proxy, 20)
        crowd = Crowd(proxy, 30)
        try:
            time.sleep(0.5)
            latencies = latencies_of(proxy, 200)
        finally:
            crowd.end()
        # Python's threads share a core with all of this; a route that waits would show 1 s.
        assert latencies[int(len(latencies) * 0.95)] < 0.3
        assert proxy.metric("weir_rejections_total", upstream="well") == 0
        assert eventually(lambda: proxy.metric("weir_inflight", upstream="ill") == 0)
        assert eventually(lambda: proxy.metric("weir_pool_connections", state="active") == 0)
