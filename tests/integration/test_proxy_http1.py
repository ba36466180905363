"""HTTP/1.1 through the proxy, byte by byte: what callers get and what origins receive."""

import random
import socket
import time

import pytest

from proxy_harness import Origin, Proxy, Wire, answering, echo, eventually, proxied


@pytest.fixture(scope="module")
def echoed():
    with proxied(echo) as (proxy, _origin):
        yield proxy


def test_a_request_passes_with_its_headers_and_what_the_proxy_adds():
    seen = []

    def serve(connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            seen.append(head)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Own: 1\r\n"
                               b"Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\r\nok")

    with proxied(serve) as (proxy, _origin):
        status, fields, body = proxy.ask(
            b"GET /a?b=c HTTP/1.1\r\nHost: shop\r\nX-Mine: 7\r\nConnection: X-Secret, close\r\n"
            b"X-Secret: s\r\nTE: gzip\r\nProxy-Connection: keep-alive\r\n\r\n")
    assert (status, body) == (200, b"ok")
    assert fields["x-own"] == "1"
    assert "x-hop" not in fields and "keep-alive" not in fields
    assert fields["via"] == "1.1 weir"
    assert fields["connection"] == "close"
    line, sent = seen[0]
    assert line == "GET /a?b=c HTTP/1.1"
    assert sent["host"] == "shop" and sent["x-mine"] == "7"
    assert sent["x-forwarded-for"] == "127.0.0.1" and sent["x-forwarded-proto"] == "http"
    assert sent["via"] == "1.1 weir"
    assert sent["x-request-id"] == fields["x-request-id"] and len(sent["x-request-id"]) == 16
    for hop_by_hop in ("connection", "x-secret", "te", "proxy-connection"):
        assert hop_by_hop not in sent


def test_a_callers_request_id_is_kept_unless_it_is_unsafe(echoed):
    _, fields, _ = echoed.get("/", "X-Request-Id: abc-123\r\n")
    assert fields["x-request-id"] == "abc-123"
    _, fields, _ = echoed.get("/", 'X-Request-Id: a"b\r\n')
    assert len(fields["x-request-id"]) == 16


def test_keep_alive_reuses_both_connections():
    with proxied(echo) as (proxy, origin):
        wire = proxy.connect()
        for number in range(50):
            wire.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
            status, _, body = wire.response()
            assert (status, body) == (200, b"GET /%d HTTP/1.1\n" % number)
        assert origin.accepted == 1


def test_pipelined_requests_are_answered_in_order(echoed):
    wire = echoed.connect()
    count = 200
    wire.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(count)))
    for number in range(count):
        status, _, body = wire.response()
        assert (status, body) == (200, b"GET /%d HTTP/1.1\n" % number)


def test_pipelined_requests_with_bodies(echoed):
    wire = echoed.connect()
    wire.send(b"".join(b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n%03d" % (n, n)
                       for n in range(50)))
    for number in range(50):
        assert wire.response()[2] == b"POST /%d HTTP/1.1\n%03d" % (number, number)


def test_http10_closes_unless_asked_to_keep_alive(echoed):
    wire = echoed.connect()
    wire.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    status, fields, _ = wire.response()
    assert status == 200 and fields["connection"] == "keep-alive"
    wire.send(b"GET / HTTP/1.0\r\n\r\n")
    status, fields, _ = wire.response()
    assert status == 200 and fields["connection"] == "close"
    assert wire.ended()


def test_chunked_bodies_pass_both_ways_and_lose_their_extensions():
    seen = []

    def serve(connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            seen.append((head[1].get("transfer-encoding"), wire.chunked()))
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                               b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 9\r\n\r\n")

    with proxied(serve) as (proxy, _origin):
        wire = proxy.connect()
        for _ in range(2):
            wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-T: v\r\n\r\n")
            line, fields = wire.head()
            assert fields["transfer-encoding"] == "chunked"
            assert wire.chunked() == (b"hello world", [b"X-Sum: 9"])
    assert seen == [("chunked", (b"abc0123456789", [b"X-T: v"]))] * 2


def test_a_chunked_answer_reaches_an_http10_caller_until_close():
    with proxied(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                           b"5\r\nhello\r\n0\r\n\r\n")) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(b"GET / HTTP/1.0\r\n\r\n")
        _, fields = wire.head()
        assert "transfer-encoding" not in fields and fields["connection"] == "close"
        assert wire.rest() == b"hello"


def test_an_answer_until_close_is_passed_on_as_chunks():
    def serve(connection, _number):
        Wire(connection).head()
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nsome text")
        connection.close()

    with proxied(serve) as (proxy, _origin):
        wire = proxy.connect()
        for _ in range(2):
            wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            status, _, body = wire.response()
            assert (status, body) == (200, b"some text")


@pytest.mark.parametrize("method, response", [
    (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n"),
    (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
])
def test_answers_without_a_body_leave_the_connection_usable(method, response):
    with proxied(answering(response)) as (proxy, origin):
        wire = proxy.connect()
        for _ in range(3):
            wire.send(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")
            status, fields, body = wire.response(head_only=method == b"HEAD")
            assert status == int(response.split()[1]) and body == b""
            if b"1000" in response:
                assert fields["content-length"] == "1000"
        assert origin.accepted == 1


def test_100_continue_is_sent_once_the_request_is_admitted():
    with proxied(echo) as (proxy, _origin):
        wire = proxy.connect()
        for _ in range(2):
            wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                      b"Expect: 100-continue\r\n\r\n")
            assert wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            wire.send(b"hello")
            assert wire.response()[2] == b"POST / HTTP/1.1\nhello"


def test_interim_answers_of_the_origin_are_swallowed_or_passed_on():
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with proxied(answering(interim + final)) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        status, fields, _ = wire.response()
        assert status == 103 and fields["link"] == "x"
        assert wire.response()[0] == 200


def test_an_early_answer_to_a_long_upload_arrives():
    def serve(connection, _number):
        Wire(connection).head()
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n"
                           b"Connection: close\r\n\r\nbig")
        time.sleep(0.2)
        connection.close()

    with proxied(serve) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        wire.send(b"x" * 100000)
        status, _, body = wire.response()
        assert (status, body) == (413, b"big")


def test_connect_is_refused_and_an_upgrade_to_h2c_passed_over():
    with proxied(echo) as (proxy, origin):
        answer = proxy.ask(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n")
        assert answer[0] == 501 and b"upgrade_unsupported" in answer[2]
        assert origin.accepted == 0
        assert proxy.get("/", "Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\n"
                              "HTTP2-Settings: AAMAAABkAAQAAP__\r\n")[0] == 200


@pytest.mark.parametrize("seed", range(5))
def test_any_split_of_the_bytes_gives_the_same_answers(echoed, seed):
    """Requests cut at random places into separate sends; the seed is the parameter."""
    rng = random.Random(seed)
    requests, expected = b"", []
    for number in range(12):
        body = bytes(rng.choices(b"abc\r\n0123", k=rng.randrange(0, 40)))
        if rng.random() < 0.5:
            requests += (b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
                         % (number, len(body)) + body)
        else:
            requests += b"POST /%d HTTP/1.1\r\nHost: a\r\n" % number
            requests += b"Transfer-Encoding: chunked\r\n\r\n"
            for start in range(0, len(body), 7):
                piece = body[start:start + 7]
                requests += b"%x\r\n" % len(piece) + piece + b"\r\n"
            requests += b"0\r\n\r\n"
        expected.append(b"POST /%d HTTP/1.1\n" % number + body)
    wire = echoed.connect()
    wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    start = 0
    while start < len(requests):
        size = rng.choice([1, 1, 2, 3, 7, 20, 200])
        wire.send(requests[start:start + size])
        start += size
    for text in expected:
        status, _, body = wire.response()
        assert (status, body) == (200, text)


def test_big_bodies_pass_whole(echoed):
    body = random.Random(1).randbytes(3_000_000)
    wire = echoed.connect()
    wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert wire.response()[2] == b"POST / HTTP/1.1\n" + body


def test_big_heads_pass_and_bigger_ones_are_refused(echoed):
    assert echoed.get("/", "X-Big: " + "x" * 50_000 + "\r\n")[0] == 200
    assert echoed.get("/", "X-Big: " + "x" * 70_000 + "\r\n")[0] == 431
    assert echoed.get("/" + "a" * 16_000)[0] == 200
    assert echoed.get("/" + "a" * 20_000)[0] == 414
    assert echoed.get("/", "".join(f"X-{n}: 1\r\n" for n in range(120)))[0] == 431


def test_a_big_head_of_an_answer_passes():
    with proxied(answering(b"HTTP/1.1 200 OK\r\nX-Big: " + b"y" * 50_000 +
                           b"\r\nContent-Length: 2\r\n\r\nok")) as (proxy, _origin):
        status, fields, body = proxy.get()
        assert (status, len(fields["x-big"]), body) == (200, 50_000, b"ok")


def test_several_targets_share_the_work():
    origins = [Origin(echo) for _ in range(3)]
    proxy = Proxy([origin.url for origin in origins], "--workers", "1")
    try:
        for _ in range(60):
            assert proxy.get()[0] == 200
        assert all(origin.accepted > 0 for origin in origins)
    finally:
        proxy.stop()
        for origin in origins:
            origin.close()


def test_a_unix_socket_on_both_sides(tmp_path):
    path = str(tmp_path / "origin.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    proxy = Proxy(["unix:" + path])
    try:
        wire = proxy.connect()
        wire.send(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        connection, _ = listener.accept()
        assert Wire(connection).head()[0] == "GET /x HTTP/1.1"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!")
        assert wire.response()[2] == b"!"
    finally:
        proxy.stop()
        listener.close()


def test_counts_of_what_passed():
    with proxied(echo) as (proxy, _origin):
        for _ in range(5):
            proxy.get()
        assert eventually(
            lambda: proxy.metric("weir_requests_total", outcome="success") == 5)
        assert proxy.metric("weir_request_duration_seconds_count") == 5
        assert proxy.metric("weir_inflight") == 0
