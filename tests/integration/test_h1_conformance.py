"""HTTP/1.1 as RFC 9112 and 9110 ask for it, 33 cases by section: our own table, in the manner of
h1spec, which no package registry has. A row is what a caller sends and the statuses it must get."""

import pytest

from proxy_harness import echo, proxied

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

CASES = {
    # RFC 9112 section 2 and 3: message format and request line.
    "an empty line before the request line is passed over": (b"\r\n" + GET + b"\r\n", [200]),
    "absolute form": (b"GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    "asterisk form": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    "an unknown method is passed on": (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    "a later minor version counts as 1.1": (b"GET / HTTP/1.9\r\nHost: a\r\n\r\n", [200]),
    "another major version": (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", [505]),
    "no version": (b"GET /\r\nHost: a\r\n\r\n", [400]),
    "two blanks in the request line": (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    "a blank at the end of the request line": (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", [400]),
    "a method with a bad character": (b"GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    "a target of over 16 KiB": (b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", [414]),
    # Section 3.2 and 5: Host and fields.
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", [400]),
    "two Hosts": (GET + b"Host: a\r\n\r\n", [400]),
    "no Host in HTTP/1.0": (b"GET / HTTP/1.0\r\n\r\n", [200]),
    "a blank before the colon": (GET + b"X : y\r\n\r\n", [400]),
    "a folded line": (GET + b"X: a\r\n b\r\n\r\n", [400]),
    "an empty value": (GET + b"X:\r\n\r\n", [200]),
    "blanks around a value": (GET + b"X: \t y \t\r\n\r\n", [200]),
    "a line without a colon": (GET + b"nothing\r\n\r\n", [400]),
    "a zero byte in a value": (GET + b"X: a\0b\r\n\r\n", [400]),
    "too many fields": (GET + b"X: y\r\n" * 101 + b"\r\n", [431]),
    # Section 6 and 7: bodies.
    "a body by its length": (POST + b"Content-Length: 2\r\n\r\nok", [200]),
    "a body in chunks": (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", [200]),
    "a chunk's size in either letter case": (CHUNKED + b"A\r\n0123456789\r\na\r\n0123456789\r\n"
                                             b"0\r\n\r\n", [200]),
    "chunk extensions and trailers": (CHUNKED + b"2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n", [200]),
    "length and chunks": (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"0\r\n\r\n", [400]),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", [400]),
    "a length that is no number": (POST + b"Content-Length: two\r\n\r\nok", [400]),
    "a coding that is not known": (POST + b"Transfer-Encoding: foo\r\n\r\n", [501]),
    "chunked is not the last coding": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n",
                                       [400, 501]),
    "a chunk's size that is no number": (CHUNKED + b"xyz\r\nok\r\n0\r\n\r\n", [400]),
    # RFC 9110: expectations and framing of answers.
    "100-continue": (POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok", [100, 200]),
    "HEAD has no body": (b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", [200]),
}
assert len(CASES) == 33


@pytest.fixture(scope="module")
def echoed():
    with proxied(echo) as (proxy, _origin):
        yield proxy


@pytest.mark.parametrize("name", CASES)
def test_case(echoed, name):
    request, statuses = CASES[name]
    wire = echoed.connect()
    wire.send(request)
    head_only = request.startswith(b"HEAD")
    if statuses == [100, 200]:
        assert [wire.response()[0], wire.response()[0]] == statuses
    else:
        status, fields, _ = wire.response(head_only)
        assert status in statuses
        if status >= 400:  # nobody knows where another request would begin
            assert fields["connection"] == "close" and wire.ended()
        elif head_only:
            assert wire.ended()
        elif b"HTTP/1.0" not in request:  # the connection is good for another one
            wire.send(GET + b"\r\n")
            assert wire.response()[0] == 200
    wire.socket.close()
