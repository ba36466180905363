"""Who calls, and by what path: the PROXY protocol in and out, and Unix sockets on both sides."""

import os
import socket
import struct
import subprocess
import threading

import pytest

from proxy_harness import WEIR, Wire, echo, eventually, proxied

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"
V2 = (SIGNATURE + b"\x21\x11\0\x0c" + socket.inet_aton("192.0.2.7") +
      socket.inet_aton("198.51.100.1") + struct.pack(">HH", 4711, 443))
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def watching(seen):
    def serve(connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            seen.append(head[1])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    return serve


@pytest.mark.parametrize("header", [V1, V2])
@pytest.mark.parametrize("cut", [None, 1, 20])
def test_a_header_names_the_caller(header, cut):
    seen = []
    with proxied(watching(seen), "--proxy-protocol") as (proxy, _origin):
        wire = proxy.connect()
        if cut:
            wire.send(header[:cut])
            wire.send(header[cut:] + REQUEST)
        else:
            wire.send(header + REQUEST)
        assert wire.response()[0] == 200
    assert seen[0]["x-forwarded-for"] == "192.0.2.7"


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\0\0\0"])
def test_a_balancer_that_speaks_for_itself(header):
    seen = []
    with proxied(watching(seen), "--proxy-protocol") as (proxy, _origin):
        wire = proxy.connect()
        wire.send(header + REQUEST)
        assert wire.response()[0] == 200
    assert seen[0]["x-forwarded-for"] == "127.0.0.1"


@pytest.mark.parametrize("garbage", [REQUEST, b"PROXY TCP4 1.2.3.4\r\n" + REQUEST,
                                     SIGNATURE + b"\x21\x11\xff\xff", V1[:10]])
def test_without_a_whole_header_nothing_passes(garbage):
    seen = []
    with proxied(watching(seen), "--proxy-protocol", "--head-timeout", "1s") as (proxy, _origin):
        wire = proxy.connect()
        wire.send(garbage)
        assert wire.ended()
    assert not seen


@pytest.mark.parametrize("version", [1, 2])
def test_we_name_the_caller_to_the_service(version):
    heads = []

    def serve(connection, _number):
        wire = Wire(connection)
        if version == 1:
            heads.append(wire.until(b"\r\n"))
        else:
            head = wire.exactly(16)
            heads.append(head + wire.exactly(struct.unpack(">H", head[14:])[0]))
        while wire.head() is not None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with proxied(serve, "--send-proxy", str(version), "--proxy-protocol") as (proxy, origin):
        for _ in range(2):
            wire = proxy.connect()
            wire.send(V1 + REQUEST)
            assert wire.response()[2] == b"ok"
        assert origin.accepted == 2  # a connection that names its caller serves nobody else
    assert heads == [V1 if version == 1 else V2] * 2


def test_unix_sockets_on_both_sides(tmp_path):
    service, front = str(tmp_path / "service"), str(tmp_path / "front")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(service)
    listener.listen()

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection, 0), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()

    process = subprocess.Popen([WEIR, "proxy", "--listen", f"unix:{front}", "--admin",
                                "127.0.0.1:0", "--to", f"unix:{service}"],
                               stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: os.path.exists(front))
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(front)
        wire = Wire(connection)
        for i in range(3):
            wire.send(b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" % i)
            assert wire.response()[2] == b"POST /%d HTTP/1.1\nhi" % i
    finally:
        process.terminate()
        assert process.wait(10) == 0
        listener.close()
