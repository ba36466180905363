"""HTTP/2 callers before an HTTP/1 service: what origins receive, what callers get, and who waits
for whom."""

import json
import signal
import socket
import threading
import time

import pytest

from h2_harness import H2Client
from proxy_harness import SANITIZED, Wire, answering, echo, eventually, proxied

HELD = ("--limit-max", "1", "--queue-depth", "0")
KERNEL_BYTES_MAX = 1024 * 1024  # what socket buffers on the way may hold beside our own


@pytest.fixture(scope="module")
def echoed():
    with proxied(echo) as (proxy, _origin):
        yield proxy


def test_a_request_becomes_http1_and_its_answer_http2():
    seen = []

    def serve(connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            seen.append(head)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Own: 1\r\n"
                               b"Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\r\nok")

    with proxied(serve) as (proxy, _origin):
        client = H2Client(proxy.port)
        answer = client.get("/a?b=c", [("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers"),
                                       ("x-mine", "7")])
        client.close()
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.fields["x-own"] == "1" and answer.fields["content-length"] == "2"
    for hop_by_hop in ("connection", "keep-alive", "x-hop", "transfer-encoding"):
        assert hop_by_hop not in answer.fields
    line, sent = seen[0]
    assert line == "GET /a?b=c HTTP/1.1"
    assert sent["host"] == "shop" and sent["cookie"] == "a=1; b=2" and sent["x-mine"] == "7"
    assert sent["x-forwarded-for"] == "127.0.0.1"
    assert sent["x-request-id"] == answer.fields["x-request-id"]
    assert "te" not in sent and "connection" not in sent


def test_a_body_of_unknown_length_goes_on_in_chunks_with_its_trailers():
    seen = []

    def serve(connection, _number):
        wire = Wire(connection)
        _, fields = wire.head()
        seen.append((fields, *wire.chunked()))
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                           b"3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n")

    with proxied(serve) as (proxy, _origin):
        client = H2Client(proxy.port)
        number = client.request("POST", body=b"hello ", end=False)
        client.data(number, b"world")
        client.trailers(number, [("x-checksum", "9")])
        answer = client.answer(number)
        client.close()
    fields, body, trailers = seen[0]
    assert fields["transfer-encoding"] == "chunked" and body == b"hello world"
    assert trailers == [b"x-checksum: 9"]
    assert answer.body == b"abc" and answer.trailers == {"x-sum": "6"}


def test_a_hundred_streams_at_once(echoed):
    client = H2Client(echoed.port)
    numbers = [client.request("GET", f"/{i}") for i in range(100)]
    for i, number in enumerate(numbers):
        answer = client.answer(number)
        if answer.status == 200:  # some may have been too many for the queue
            assert answer.body == b"GET /%d HTTP/1.1\n" % i
        else:
            assert answer.status == 503
    client.close()


def test_large_bodies_pass_both_ways(echoed):
    client = H2Client(echoed.port, initial_window_size=1 << 20)
    body = bytes(range(256)) * 4096  # 1 MiB
    number = client.request("POST", body=b"", end=False)
    sent = 0
    while sent < len(body):
        room = min(client.h2.local_flow_control_window(number), 16384, len(body) - sent)
        if room == 0:
            assert client.pump()
            continue
        client.data(number, body[sent:sent + room])
        sent += room
    client.data(number, b"", end=True)
    answer = client.answer(number)
    assert answer.body == b"POST / HTTP/1.1\n" + body
    client.close()


def test_head_and_bodiless_answers():
    with proxied(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as (proxy, _origin):
        client = H2Client(proxy.port)
        answer = client.get()
        assert (answer.status, answer.body) == (204, b"") and answer.ended
        client.close()
    with proxied(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n")) as (proxy, _origin):
        client = H2Client(proxy.port)
        answer = client.answer(client.request("HEAD"))
        assert answer.fields["content-length"] == "700" and answer.body == b"" and answer.ended
        client.close()


def hanging(connection, _number):
    wire = Wire(connection)
    wire.head()
    wire.rest()


def test_a_refusal_says_why_and_its_neighbours_go_on():
    with proxied(hanging, *HELD) as (proxy, _origin):
        client = H2Client(proxy.port)
        held = client.request()
        answer = client.get()
        assert answer.status == 503 and answer.fields["x-envoy-overloaded"] == "true"
        assert int(answer.fields["retry-after"]) >= 1
        document = json.loads(answer.body)
        assert document["reason"] == "concurrency_limit"
        assert document["request_id"] == answer.fields["x-request-id"]
        assert not client.streams[held].over and not client.goaways
        client.close()


def test_a_grpc_caller_is_refused_with_trailers_only():
    with proxied(hanging, *HELD) as (proxy, _origin):
        client = H2Client(proxy.port)
        client.request()
        number = client.request("POST", "/shop.Orders/Get",
                                [("content-type", "application/grpc+proto"), ("te", "trailers")],
                                body=b"\0\0\0\0\0")
        answer = client.answer(number)
        assert answer.status == 200 and answer.body == b"" and answer.ended
        assert answer.fields["content-type"] == "application/grpc"
        assert answer.fields["grpc-status"] == "14"
        assert "at its limit" in answer.fields["grpc-message"]
        assert int(answer.fields["grpc-retry-pushback-ms"]) >= 1000
        client.close()


def test_a_body_that_comes_after_a_refusal_is_called_off_without_blame():
    with proxied(hanging, *HELD) as (proxy, _origin):
        client = H2Client(proxy.port)
        client.request()
        number = client.request("POST", body=b"x" * 1000, end=False)
        stream = client.streams[number]
        assert client.until(lambda: stream.reset is not None)
        assert stream.status == 503 and b"concurrency_limit" in stream.body
        assert stream.reset == 0  # NO_ERROR
        assert not client.goaways
        client.close()


def test_a_stream_nobody_reads_stalls_neither_its_neighbours_nor_memory():
    sent = {}

    def serve(connection, number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            if head[0].startswith("GET /big"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n")
                connection.settimeout(2)
                sent[number] = 0
                try:
                    while sent[number] < 268435456:
                        sent[number] += connection.send(b"x" * 65536)
                except OSError:
                    return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with proxied(serve) as (proxy, _origin):
        before = proxy.memory()
        # Streams of 4 KiB leave the connection's window open: only their own keeps them back.
        client = H2Client(proxy.port, acknowledge=False, initial_window_size=4096)
        big = [client.request("GET", "/big") for _ in range(8)]
        assert client.until(lambda: all(len(client.streams[n].body) == 4096 for n in big))
        small = client.get("/small")
        assert (small.status, small.body) == (200, b"ok")
        assert eventually(lambda: len(sent) == 8)
        time.sleep(1)
        for number in sent:
            assert sent[number] < 128 * 1024 + 4 * KERNEL_BYTES_MAX
        assert SANITIZED or proxy.memory() - before < 8 * 128 * 1024 + (1 << 20)
        client.close()


def test_an_upload_that_the_service_does_not_read_shuts_only_its_own_window():
    go_on = threading.Event()

    def serve(connection, _number):
        wire = Wire(connection)
        line, fields = wire.head()
        if line.startswith("POST"):
            go_on.wait(20)
        try:
            body = wire.body(fields)
        except EOFError:
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d" %
                           (len(str(len(body))), len(body)))
        serve(connection, _number)

    with proxied(serve) as (proxy, _origin):
        client = H2Client(proxy.port)
        number = client.request("POST", fields=[("content-length", str(64 << 20))], body=b"",
                                end=False)
        sent = 0
        end = time.monotonic() + 2
        while time.monotonic() < end:
            room = min(client.h2.local_flow_control_window(number), 16384)
            if room == 0:
                client.pump(0.2)
                continue
            client.data(number, b"u" * room)
            sent += room
        assert sent < 8 << 20  # kernel buffers of the two connections, and our 64 KiB
        assert client.get("/other").status == 200  # a neighbour on the same connection
        go_on.set()
        client.reset(number)
        client.close()


def test_a_caller_that_resets_its_stream_cancels_the_work():
    gone = threading.Event()

    def serve(connection, _number):
        wire = Wire(connection)
        wire.head()
        wire.rest()
        gone.set()

    with proxied(serve) as (proxy, _origin):
        client = H2Client(proxy.port)
        number = client.request()
        time.sleep(0.3)
        client.reset(number)
        assert gone.wait(10)
        client.close()


def test_drain_names_no_stream_first_and_finishes_what_is_open():
    go_on = threading.Event()

    def serve(connection, _number):
        wire = Wire(connection)
        while wire.head() is not None:
            go_on.wait(20)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with proxied(serve) as (proxy, origin):
        client = H2Client(proxy.port)
        number = client.request()
        assert eventually(lambda: origin.accepted == 1)
        proxy.process.send_signal(signal.SIGTERM)
        assert client.until(lambda: len(client.goaways) >= 2, 5)
        assert client.goaways[0] == (2**31 - 1, 0) and client.goaways[1] == (number, 0)
        assert not client.streams[number].over
        go_on.set()
        assert client.answer(number).body == b"ok"
        assert not client.until(lambda: False, 5) and client.ended
        assert proxy.process.wait(10) == 0
        proxy.alive = lambda: True


def test_rapid_resets_end_the_connection_and_harm_nobody(echoed):
    bystander = H2Client(echoed.port)
    attacker = H2Client(echoed.port)
    try:
        for _ in range(2000):
            attacker.reset(attacker.request())
    except OSError:
        pass
    attacker.until(lambda: attacker.ended, 5)
    assert attacker.ended and attacker.goaways[-1][1] == 11  # ENHANCE_YOUR_CALM
    assert bystander.get("/still").status == 200
    bystander.close()


@pytest.mark.parametrize("pieces", [1, 3, 24])
def test_the_preface_is_recognised_however_it_is_cut(echoed, pieces):
    wire = echoed.connect()
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    step = -(-len(preface) // pieces)
    for at in range(0, len(preface), step):
        wire.send(preface[at:at + step])
        time.sleep(0.02)
    wire.send(b"\0\0\0\x04\0\0\0\0\0")
    assert wire.exactly(9)[3] == 4  # our SETTINGS


def test_what_only_begins_like_the_preface_is_http1(echoed):
    wire = echoed.connect()
    wire.send(b"P")
    time.sleep(0.05)
    wire.send(b"RI /x HTTP/1.1\r\nHost: a\r\n\r\n")
    status, _, body = wire.response()
    assert (status, body) == (200, b"PRI /x HTTP/1.1\n")


def test_what_comes_after_the_end_of_a_connection_does_not_reset_it(echoed):
    """A GOAWAY ends it; frames that were under way by then meet no reset, which could destroy what
    weir sent last."""
    settings = b"\0\0\0\x04\0\0\0\0\0"
    goaway = b"\0\0\x08\x07\0\0\0\0\0" + b"\0\0\0\0" + b"\0\0\0\xff"
    ping = b"\0\0\x08\x06\0\0\0\0\0" + b"12345678"
    with socket.create_connection(("127.0.0.1", echoed.port), 5) as caller:
        caller.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + goaway)
        while caller.recv(4096):
            pass
        for _ in range(5):
            caller.sendall(ping)  # would raise once a reset has come
            time.sleep(0.05)
        assert caller.recv(1) == b""


def test_a_frame_that_is_always_under_way_is_not_slow():
    """16 KiB at 4 KB/s, where 1 KiB in each second is enough: the connection's clock meets the same
    frame under way again and again, and bytes of it have come each time."""
    with proxied(echo, "--body-timeout", "1s") as (proxy, _origin):
        client = H2Client(proxy.port)
        number = client.request("POST", end=False)
        client.h2.send_data(number, bytes(16384), end_stream=True)
        frame = client.h2.data_to_send()
        for at in range(0, len(frame), 800):
            client.socket.sendall(frame[at:at + 800])
            time.sleep(0.2)
        assert client.answer(number).status == 200
        client.close()
