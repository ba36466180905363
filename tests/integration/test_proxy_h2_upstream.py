"""A service that speaks HTTP/2: what it receives, how its connections are shared, and what callers
see when it goes away."""

import threading
import time

from h2_harness import H2Client, H2Origin, answer
from proxy_harness import eventually, proxied


def h2_proxied(serve, *flags):
    return proxied(serve, *flags, origin_type=H2Origin)


def echo(session, stream, head, body):
    text = head[":method"].encode() + b" " + head[":path"].encode() + b"\n" + body
    answer(session, stream, text, fields=[("x-own", "1")])


def test_an_http1_caller_before_an_http2_service():
    with h2_proxied(echo) as (proxy, origin):
        status, fields, body = proxy.ask(
            b"POST /a?b HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\nX-Mine: 7\r\n"
            b"Connection: x-secret\r\nX-Secret: 1\r\n\r\nhello")
        assert (status, body) == (200, b"POST /a?b\nhello") and fields["x-own"] == "1"
        head, _, _ = origin.requests[0]
        assert head[":authority"] == "shop" and head[":scheme"] == "http"
        assert head["x-mine"] == "7" and head["content-length"] == "5"
        assert head["x-forwarded-for"] == "127.0.0.1" and "x-secret" not in head
        assert "connection" not in head and "host" not in head


def test_streams_share_one_connection():
    with h2_proxied(echo, "--workers", "1") as (proxy, origin):
        client = H2Client(proxy.port)
        for _ in range(20):
            numbers = [client.request("GET", f"/{i}") for i in range(8)]
            for i, number in enumerate(numbers):
                assert client.answer(number).body == b"GET /%d\n" % i
        assert origin.accepted == 1
        client.close()


def test_trailers_pass_both_ways():
    def serve(session, stream, head, body):
        answer(session, stream, b"abc", trailers=[("x-sum", "6")])

    with h2_proxied(serve) as (proxy, origin):
        client = H2Client(proxy.port)
        number = client.request("POST", body=b"hello", end=False)
        client.trailers(number, [("x-checksum", "9")])
        stream = client.answer(number)
        assert stream.body == b"abc" and stream.trailers == {"x-sum": "6"}
        assert origin.requests[0][1:] == (b"hello", {"x-checksum": "9"})
        client.close()


def test_a_connection_that_says_goaway_is_replaced():
    def serve(session, stream, head, body):
        answer(session, stream, b"ok")
        if head[":path"] == "/last":
            session.close_connection()

    with h2_proxied(serve, "--workers", "1") as (proxy, origin):
        assert proxy.get("/last")[2] == b"ok"
        assert proxy.get("/next")[2] == b"ok"
        assert origin.accepted == 2


def test_a_stream_that_the_service_refuses_is_sent_again():
    refused = []

    def serve(session, stream, head, body):
        if not refused:
            refused.append(stream)
            return session.reset_stream(stream, 7)
        answer(session, stream, b"ok")

    with h2_proxied(serve) as (proxy, _origin):
        assert proxy.get()[:1] == (200,)


def test_a_service_that_dies_fails_what_is_open_and_comes_back():
    def serve(session, stream, head, body):
        if head[":path"] != "/hang":
            answer(session, stream, b"ok")

    with h2_proxied(serve, "--workers", "1") as (proxy, origin):
        client = H2Client(proxy.port)
        number = client.request("POST", "/hang", body=b"x")
        assert eventually(lambda: origin.requests)
        origin.connections[0].shutdown(2)
        stream = client.answer(number)
        assert stream.status == 502 and b"upstream_closed" in stream.body
        assert client.get("/again").body == b"ok"
        client.close()


def test_a_slow_reader_holds_back_only_its_own_stream():
    size = 60_000  # what the origin's helper may send within one window

    def serve(session, stream, head, body):
        answer(session, stream, b"x" * (size if head[":path"] == "/big" else 2))

    with h2_proxied(serve, "--workers", "1") as (proxy, origin):
        client = H2Client(proxy.port, acknowledge=False, initial_window_size=1000)
        big = client.request("GET", "/big")
        assert client.until(lambda: len(client.streams[big].body) == 1000)
        assert client.get("/small").body == b"xx"
        # The answer is whole at the proxy and its connection upstream gone: it is still passed on.
        origin.connections[0].shutdown(2)
        time.sleep(0.2)
        client.acknowledges = True
        while not client.streams[big].over:
            client.acknowledge(big)
            assert client.pump(5)
        assert client.streams[big].ended and len(client.streams[big].body) == size
        client.close()


def test_a_caller_that_leaves_resets_the_stream_upstream():
    resets = threading.Event()

    class Watching(H2Origin):
        def _take(self, session, event, bodies):
            if type(event).__name__ == "StreamReset":
                resets.set()
            super()._take(session, event, bodies)

    with proxied(lambda *_: None, origin_type=Watching) as (proxy, origin):
        wire = proxy.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert eventually(lambda: origin.requests)
        wire.socket.close()
        assert resets.wait(10)
