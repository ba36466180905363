"""Around requests: time-outs, peers that vanish or stall, shutting down, bad starts."""

import json
import signal
import socket
import subprocess
import threading
import time

import pytest

from proxy_harness import (PATIENCE, SANITIZED, WEIR, Origin, Proxy, Wire, answering, echo,
                           eventually, proxied)

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MIB = 1024 * 1024


def reason(answer):
    return json.loads(answer[2])["reason"]


def silent(connection, _number):
    """Takes a request and never answers; ends when the peer does."""
    Wire(connection).rest()


# Time-outs.

def test_a_head_that_comes_too_slowly_is_a_408():
    with proxied(echo, "--head-timeout", "300ms") as (proxy, origin):
        wire = proxy.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nX")
        started = time.monotonic()
        answer = wire.response()
        assert answer[0] == 408 and answer[1]["connection"] == "close"
        assert 0.2 < time.monotonic() - started < 5
        assert wire.ended()
        assert origin.accepted == 0


def test_a_body_that_comes_too_slowly_is_a_408_and_ends_the_work_upstream():
    ended = threading.Event()

    def serve(connection, _number):
        Wire(connection).rest()
        ended.set()

    with proxied(serve, "--body-timeout", "300ms") as (proxy, _origin):
        wire = proxy.connect()
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc")
        answer = wire.response()
        assert answer[0] == 408 and reason(answer) == "request_timeout"
        assert wire.ended()
        assert ended.wait(PATIENCE)
        assert proxy.metric("weir_requests_total", outcome="ignored") == 1


def test_a_body_that_comes_slowly_but_steadily_passes():
    with proxied(echo, "--body-timeout", "300ms") as (proxy, _origin):
        wire = proxy.connect()
        size = 12 * 2048
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(12):
            time.sleep(0.1)
            wire.send(b"x" * 2048)
        assert wire.response()[0] == 200


def test_an_origin_that_does_not_answer_is_a_504_and_a_drop():
    with proxied(silent, "--timeout", "300ms") as (proxy, _origin):
        answer = proxy.get()
        assert answer[0] == 504 and reason(answer) == "response_timeout"
        assert proxy.metric("weir_requests_total", outcome="dropped") == 1
        assert proxy.metric("weir_inflight") == 0
        assert proxy.metric("weir_pool_connections", state="active") == 0


def test_an_answer_that_stalls_is_cut_and_looks_cut():
    def serve(connection, _number):
        Wire(connection).head()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        Wire(connection).rest()

    with proxied(serve, "--stream-timeout", "300ms") as (proxy, _origin):
        wire = proxy.connect()
        wire.send(GET)
        with pytest.raises((EOFError, ConnectionResetError)):
            wire.response()
        assert proxy.metric("weir_inflight") == 0


def test_an_idle_connection_is_closed_in_time():
    with proxied(echo, "--idle-timeout", "300ms") as (proxy, _origin):
        wire = proxy.connect()
        wire.send(GET)
        assert wire.response()[0] == 200
        assert wire.ended()


def test_an_endpoint_that_does_not_accept_is_a_504():
    # A full listen queue: the kernel answers no further SYN.
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    proxy = Proxy(["http://127.0.0.1:%d" % listener.getsockname()[1]], "--connect-timeout", "300ms")
    try:
        answer = proxy.get()
        assert answer[0] == 504 and reason(answer) == "connect_timeout"
        assert "error=connection_timeout" in answer[1]["proxy-status"]
    finally:
        proxy.stop()


# Peers that vanish.

def test_an_absent_upstream_is_a_502_that_says_so_and_the_proxy_recovers():
    port = socket.create_server(("127.0.0.1", 0))
    address = port.getsockname()
    port.close()
    proxy = Proxy(["http://127.0.0.1:%d" % address[1]])
    try:
        for _ in range(3):
            answer = proxy.get()
            assert answer[0] == 502 and reason(answer) == "connect_refused"
            assert "error=connection_refused" in answer[1]["proxy-status"]
        assert proxy.metric("weir_requests_total", outcome="failure") == 3
        listener = socket.create_server(address)
        wire = proxy.connect()
        wire.send(GET)
        connection, _ = listener.accept()
        Wire(connection).head()
        connection.sendall(OK)
        assert wire.response()[0] == 200
    finally:
        proxy.stop()


def test_a_dead_target_costs_no_request_while_another_lives():
    dead = socket.create_server(("127.0.0.1", 0))
    dead_url = "http://127.0.0.1:%d" % dead.getsockname()[1]
    dead.close()
    origin = Origin(echo)
    proxy = Proxy([dead_url, origin.url], "--workers", "1")
    try:
        assert [proxy.get()[0] for _ in range(30)] == [200] * 30
        assert proxy.metric("weir_retries_total", result="sent") >= 1
    finally:
        proxy.stop()
        origin.close()


def test_a_pooled_connection_that_died_is_replaced_for_idempotent_requests_only():
    """The origin answers once on a connection, and closes it when the next request arrives."""
    heads = []

    def serve(connection, _number):
        wire = Wire(connection)
        heads.append(wire.head())
        connection.sendall(OK)
        heads.append(wire.head())
        connection.close()

    with proxied(serve, "--workers", "1") as (proxy, origin):
        wire = proxy.connect()
        wire.send(GET)
        assert wire.response()[0] == 200
        wire.send(GET)  # fails on the first connection, is repeated on a second
        assert wire.response()[0] == 200
        assert origin.accepted == 2
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n")  # not idempotent: told, not repeated
        answer = wire.response()
        assert answer[0] == 502 and reason(answer) == "upstream_closed"
        assert origin.accepted == 2


def test_an_origin_that_closes_without_an_answer_is_a_502_and_asked_once():
    def serve(connection, _number):
        Wire(connection).head()
        connection.close()

    with proxied(serve) as (proxy, origin):
        answer = proxy.get()
        assert answer[0] == 502 and reason(answer) == "upstream_closed"
        assert origin.accepted == 1


def test_a_caller_that_leaves_cancels_the_work_upstream():
    ended = threading.Event()
    begun = threading.Event()

    def serve(connection, _number):
        wire = Wire(connection)
        wire.head()
        begun.set()
        wire.rest()
        ended.set()

    with proxied(serve) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(GET)
        assert begun.wait(PATIENCE)
        wire.socket.close()
        assert ended.wait(PATIENCE)
        assert eventually(lambda: proxy.metric("weir_requests_total", outcome="ignored") == 1)
        assert proxy.metric("weir_inflight") == 0


def test_a_caller_that_leaves_in_the_middle_of_an_answer_or_a_body():
    ended = threading.Semaphore(0)

    def serve(connection, _number):
        Wire(connection).head()
        try:
            while True:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
                connection.sendall(b"x" * 999999999)
        except OSError:
            ended.release()

    with proxied(serve) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(GET)
        wire.exactly(100_000)
        wire.socket.close()
        assert ended.acquire(timeout=PATIENCE)
        assert eventually(lambda: proxy.metric("weir_connections") == 0)
        assert eventually(lambda: proxy.metric("weir_inflight") == 0)


def test_waiting_callers_that_leave_free_their_places():
    begun = threading.Event()

    def serve(connection, _number):
        wire = Wire(connection)
        wire.head()
        begun.set()
        wire.rest()

    flags = ("--limit-max", "1", "--queue-wait", "20s", "--workers", "1")
    with proxied(serve, *flags) as (proxy, _origin):
        first = proxy.connect()
        first.send(GET)
        assert begun.wait(PATIENCE)
        second = proxy.connect()
        second.send(GET)
        assert eventually(lambda: proxy.metric("weir_queue_depth") == 1)
        second.socket.close()
        assert eventually(lambda: proxy.metric("weir_queue_depth") == 0)
        first.socket.close()
        assert eventually(lambda: proxy.metric("weir_inflight") == 0)


# Backpressure.

def test_a_slow_reader_of_a_huge_body_costs_little_memory_and_stops_the_origin():
    sent = [0]

    def serve(connection, _number):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        Wire(connection).head()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1024 * MIB))
        connection.settimeout(None)
        while sent[0] < 1024 * MIB:
            sent[0] += connection.send(b"x" * 65536)

    with proxied(serve, "--workers", "1") as (proxy, _origin):
        before = proxy.memory()
        wire = proxy.connect(SO_RCVBUF=64 * 1024)
        wire.send(GET)
        wire.exactly(4 * MIB)  # it reads at first, so that windows open, and then stalls

        def settled():
            seen = sent[0]
            time.sleep(0.5)
            return sent[0] == seen

        assert eventually(settled)
        pulled = sent[0] - 4 * MIB
        assert pulled < 2 * MIB, f"{pulled} bytes lie between origin and caller"
        assert SANITIZED or proxy.memory() - before < MIB


def test_a_slow_origin_stops_a_fast_uploader():
    held = threading.Event()

    def serve(connection, _number):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        wire = Wire(connection)
        _, fields = wire.head()
        held.wait(PATIENCE)
        left = int(fields["content-length"]) - len(wire.buffer)
        while left > 0:
            left -= len(connection.recv(MIB))
        connection.sendall(OK)

    with proxied(serve, "--workers", "1") as (proxy, _origin):
        before = proxy.memory()
        size = 64 * MIB
        wire = proxy.connect(SO_SNDBUF=64 * 1024)
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        wire.socket.setblocking(False)
        sent = 0
        idle = 0
        while idle < 20:
            try:
                sent += wire.socket.send(b"x" * 65536)
                idle = 0
            except BlockingIOError:
                idle += 1
                time.sleep(0.02)
        assert sent < 2 * MIB, "the proxy swallowed the body"
        assert SANITIZED or proxy.memory() - before < MIB
        held.set()
        wire.socket.settimeout(PATIENCE)
        while sent < size:
            sent += wire.socket.send(b"x" * min(65536, size - sent))
        assert wire.response()[0] == 200


@pytest.mark.skipif(SANITIZED, reason="measures memory")
def test_idle_connections_hold_no_buffers():
    with proxied(echo, "--workers", "1") as (proxy, _origin):
        warm = [proxy.connect() for _ in range(50)]
        before = proxy.memory()
        wires = [proxy.connect() for _ in range(1000)]
        for wire in wires:
            wire.send(GET)
            assert wire.response()[0] == 200
        cost = (proxy.memory() - before) / len(wires)
        assert cost < 2048, f"{cost} bytes for each idle connection"
        del warm


# Shutting down.

def test_sigterm_finishes_what_is_under_way_and_refuses_new_connections():
    go = threading.Event()
    begun = threading.Event()

    def serve(connection, _number):
        wire = Wire(connection)
        while wire.head() is not None:
            begun.set()
            go.wait(PATIENCE)
            connection.sendall(OK)

    origin = Origin(serve)
    proxy = Proxy([origin.url])
    try:
        idle = proxy.connect()
        wire = proxy.connect()
        wire.send(GET)
        assert begun.wait(PATIENCE)
        proxy.process.send_signal(signal.SIGTERM)
        assert idle.ended()
        assert eventually(lambda: connect_fails(proxy.port))
        go.set()
        status, fields, body = wire.response()
        assert (status, body) == (200, b"ok")
        assert fields["connection"] == "close"
        assert wire.ended()
        assert proxy.process.wait(timeout=PATIENCE) == 0
    finally:
        proxy.stop()
        origin.close()


def connect_fails(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return False
    except OSError:
        return True


@pytest.mark.parametrize("how", ["drain-timeout", "second signal"])
def test_a_drain_has_an_end(how):
    origin = Origin(silent)
    proxy = Proxy([origin.url], "--drain-timeout", "300ms" if how == "drain-timeout" else "100s")
    try:
        wire = proxy.connect()
        wire.send(GET)
        assert eventually(lambda: origin.accepted == 1)
        proxy.process.send_signal(signal.SIGTERM)
        if how == "second signal":
            time.sleep(0.2)
            assert proxy.alive()
            proxy.process.send_signal(signal.SIGTERM)
        assert proxy.process.wait(timeout=PATIENCE) == 0
    finally:
        proxy.stop()
        origin.close()


# Bad starts.

def weir_proxy(*words):
    return subprocess.run([WEIR, "proxy", "--admin", "127.0.0.1:0", *words], capture_output=True,
                          text=True, timeout=30)


@pytest.mark.parametrize("words, code, complaint", [
    (["--to", "127.0.0.1:1", "--listen", "127.0.0.1:0"], 64, "does not begin with http://"),
    (["--to", "ftp://a", "--listen", "127.0.0.1:0"], 64, "http"),
    (["--to", "http://a:x", "--listen", "127.0.0.1:0"], 64, "port"),
    (["--to", "http://127.0.0.1:1", "--listen", "nonsense"], 64, "has no port"),
    (["--to", "http://127.0.0.1:1", "--law", "nosuch"], 64, "no control law 'nosuch'"),
    (["--to", "http://127.0.0.1:1", "--lisen", "x"], 64, "did you mean '--listen'?"),
    (["--listen", "127.0.0.1:0"], 64, "--to"),
    (["--to", "http://127.0.0.1:1", "--timeout", "5"], 64, "unit"),
    (["--to", "http://no.such.host.invalid", "--listen", "127.0.0.1:0"], 69, "cannot resolve"),
])
def test_a_bad_command_line_is_told_clearly(words, code, complaint):
    done = weir_proxy(*words)
    assert done.returncode == code, done.stderr
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) <= 3


def test_a_port_in_use_is_exit_69_even_when_another_weir_holds_it():
    with proxied(echo) as (proxy, origin):
        done = weir_proxy("--listen", f"127.0.0.1:{proxy.port}", "--to", origin.url)
        assert done.returncode == 69
        assert f"cannot listen on 127.0.0.1:{proxy.port}: Address already in use" in done.stderr
        assert "another process listens there" in done.stderr
        assert proxy.get()[0] == 200


@pytest.mark.skipif(SANITIZED, reason="UBSan itself needs descriptors: it probes memory by a pipe")
def test_out_of_descriptors_it_waits_and_recovers():
    origin = Origin(answering(OK))
    command = f"ulimit -n 64; exec {WEIR} proxy --workers 1 --listen 127.0.0.1:0 " \
              f"--admin 127.0.0.1:0 --to {origin.url}"
    process = subprocess.Popen(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    try:
        port = int(json.loads(process.stderr.readline())["address"].rsplit(":", 1)[1])
        wires = [Wire(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
                 for _ in range(100)]
        time.sleep(0.3)
        for wire in wires[:80]:
            wire.socket.close()
        wires[99].send(GET)
        assert wires[99].response()[0] in (200, 502)
        wires[99].send(GET)
        assert wires[99].response()[0] == 200
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(timeout=10)
        origin.close()
