"""Malformed messages: the caller gets a status and a closed connection, the origin nothing."""

import pytest

from proxy_harness import Wire, answering, echo, proxied

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(scope="module")
def watched():
    with proxied(echo) as pair:
        yield pair


@pytest.mark.parametrize("request_bytes, status", [
    (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
    (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    (POST + b"Content-Length: +3\r\n\r\nabc", 400),
    (POST + b"Content-Length: 0x3\r\n\r\nabc", 400),
    (POST + b"Content-Length: 99999999999999999999\r\n\r\nabc", 400),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n", 400),
])
def test_a_malformed_head_is_refused_and_closes(watched, request_bytes, status):
    proxy, origin = watched
    before = origin.accepted
    wire = proxy.connect()
    wire.send(request_bytes)
    got, fields, body = wire.response()
    assert got == status
    assert fields["connection"] == "close"
    assert fields["content-type"] == "application/problem+json"
    assert b'"reason":"malformed_request"' in body
    assert wire.ended()
    assert origin.accepted == before


@pytest.mark.parametrize("body", [
    b"x\r\n\r\n", b"0x3\r\nabc\r\n0\r\n\r\n", b"3\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n",
    b"-3\r\nabc\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"3\r\nabc\n0\r\n\r\n",
    b"3;" + b"x" * 1000 + b"\r\nabc\r\n0\r\n\r\n", b"0\r\nbad trailer\r\n\r\n",
])
def test_a_malformed_chunk_is_refused_and_the_origin_sees_no_whole_message(body):
    ends = []

    def serve(connection, _number):
        wire = Wire(connection)
        wire.head()
        try:
            ends.append(wire.chunked())
        except (EOFError, OSError, ValueError):
            ends.append(None)

    with proxied(serve) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body)
        status, fields, _ = wire.response()
        assert status == 400 and fields["connection"] == "close"
        assert wire.ended()
    assert ends in ([], [None])


def test_nothing_is_smuggled_behind_a_refused_request(watched):
    proxy, _origin = watched
    wire = proxy.connect()
    wire.send(POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    assert wire.response()[0] == 400
    assert wire.ended()


def test_a_body_of_get_is_a_body_and_no_request(watched):
    """CL.0 and TE.0: what follows a head with a length is never parsed as a request."""
    proxy, _origin = watched
    inner = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    wire = proxy.connect()
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner +
              b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    assert wire.response()[2] == b"GET / HTTP/1.1\n" + inner
    assert wire.response()[2] == b"GET /next HTTP/1.1\n"


@pytest.mark.parametrize("response", [
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
])
def test_a_malformed_answer_is_a_502(response):
    with proxied(answering(response)) as (proxy, _origin):
        status, fields, body = proxy.get()
        assert status == 502
        assert b'"reason":"upstream_malformed"' in body
        assert "error=http_protocol_error" in fields["proxy-status"]
        assert proxy.get()[0] == 502


@pytest.mark.parametrize("response", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
])
def test_a_truncated_answer_never_looks_whole(response):
    def serve(connection, _number):
        Wire(connection).head()
        connection.sendall(response)
        connection.close()

    with proxied(serve) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises((EOFError, OSError)):
            assert wire.response()[0] == 502
            raise EOFError  # a whole 502 is as good: nothing was passed on
