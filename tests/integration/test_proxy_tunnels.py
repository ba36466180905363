"""Upgrades: WebSocket and other protocols pass as bytes, and nothing passes before the 101."""

import hashlib
import base64
import socket
import threading
import time

from proxy_harness import SANITIZED, Wire, eventually, proxied

UPGRADE = (b"GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: keep-alive, Upgrade\r\n"
           b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


def echo_tunnel(connection, _number):
    wire = Wire(connection)
    while (head := wire.head()) is not None:
        if "upgrade" not in head[1]:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            continue
        key = head[1]["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest())
        connection.sendall(SWITCH.replace(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", accept))
        connection.sendall(wire.buffer)
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.sendall(b"goodbye")  # after the caller's half has ended
        connection.shutdown(socket.SHUT_WR)
        return


def opened(proxy):
    wire = proxy.connect()
    wire.send(UPGRADE)
    status, fields, _ = wire.response()
    assert status == 101 and fields["upgrade"] == "websocket"
    assert fields["connection"].lower() == "upgrade"
    assert fields["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    return wire


def test_a_websocket_echoes_and_each_half_ends_by_itself():
    with proxied(echo_tunnel) as (proxy, _origin):
        wire = opened(proxy)
        for size in (1, 125, 5000, 200_000):
            message = bytes(i % 251 for i in range(size))
            sender = threading.Thread(target=wire.send, args=(message,))
            sender.start()
            assert wire.exactly(size) == message
            sender.join()
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.rest() == b"goodbye"


def test_bytes_before_the_101_reach_nobody_until_it_comes():
    go_on, early = threading.Event(), []

    def serve(connection, _number):
        wire = Wire(connection)
        wire.head()
        connection.settimeout(0.5)
        try:
            early.append(wire.buffer + connection.recv(1000))
        except socket.timeout:
            early.append(wire.buffer)
        connection.settimeout(20)
        go_on.wait(20)
        connection.sendall(SWITCH)
        connection.sendall(connection.recv(1000))

    with proxied(serve) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(UPGRADE + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        assert eventually(lambda: early)
        assert early == [b""]
        go_on.set()
        assert wire.response()[0] == 101
        assert wire.until(b"\r\n\r\n").startswith(b"GET /smuggled")


def test_a_refused_upgrade_leaves_http_behind_it():
    with proxied(lambda connection, n: deny(connection)) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(UPGRADE + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.response()[0] == 426
        assert wire.response()[2] == b"/next"


def deny(connection):
    wire = Wire(connection)
    while (head := wire.head()) is not None:
        if "upgrade" in head[1]:
            connection.sendall(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
        else:
            path = head[0].split()[1].encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(path) + path)


def test_a_101_that_nobody_asked_for_is_a_fault():
    def serve(connection, _number):
        Wire(connection).head()
        connection.sendall(SWITCH)

    with proxied(serve) as (proxy, _origin):
        status, _, body = proxy.get()
        assert status == 502 and b"unexpected_upgrade" in body


def test_an_upgrade_with_a_body_is_not_one():
    seen = []

    def serve(connection, _number):
        wire = Wire(connection)
        head = wire.head()
        seen.append((head[1], wire.body(head[1])))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with proxied(serve) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(UPGRADE[:-2] + b"Content-Length: 3\r\n\r\nabc")
        assert wire.response()[0] == 200
    assert "upgrade" not in seen[0][0] and seen[0][1] == b"abc"


def test_tunnels_hold_no_place_and_are_no_slow_requests():
    with proxied(echo_tunnel, "--limit-max", "1", "--queue-depth", "0", "--workers", "1") \
            as (proxy, _origin):
        tunnels = [opened(proxy) for _ in range(5)]  # one after another, all stay open
        assert eventually(lambda: proxy.metric("weir_inflight") == 0)
        assert proxy.get()[0] == 200
        time.sleep(1.2)
        for wire in tunnels:
            wire.send(b"still here")
            assert wire.exactly(10) == b"still here"
            wire.socket.close()


def test_a_stalled_tunnel_holds_back_its_sender_within_bounds():
    sent = []

    def serve(connection, _number):
        wire = Wire(connection)
        wire.head()
        connection.sendall(SWITCH)
        connection.settimeout(2)
        total = 0
        try:
            while total < 256 << 20:
                total += connection.send(b"x" * 65536)
        except OSError:
            pass
        sent.append(total)

    with proxied(serve, "--workers", "1") as (proxy, _origin):
        before = proxy.memory()
        wire = opened(proxy)
        assert eventually(lambda: sent)
        assert sent[0] < 8 << 20  # what the kernel's buffers hold on both connections
        assert SANITIZED or proxy.memory() - before < 1 << 20
        wire.socket.close()


def test_a_tunnel_that_the_service_ends_ends():
    def serve(connection, _number):
        Wire(connection).head()
        connection.sendall(SWITCH + b"bye")
        connection.close()

    with proxied(serve) as (proxy, _origin):
        wire = opened(proxy)
        assert wire.rest() == b"bye"
