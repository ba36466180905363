"""gRPC through the proxy: grpc-go's interop client and server, and python's grpcio."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from go_tools import go_tool
from proxy_harness import Proxy, eventually

CASES = ["empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong",
         "empty_stream", "timeout_on_sleeping_server", "cancel_after_begin",
         "cancel_after_first_response", "status_code_and_message", "special_status_message",
         "custom_metadata", "unimplemented_method", "unimplemented_service"]


def accepts(port):
    import socket
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def free_port():
    import socket
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def interop():
    port = free_port()
    server = subprocess.Popen([go_tool("interop_server"), "-port", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert eventually(lambda: accepts(port))
    proxy = Proxy([f"h2c://127.0.0.1:{port}"])
    yield proxy
    assert proxy.alive(), "the proxy died: " + "".join(proxy.log)
    proxy.stop()
    server.kill()
    server.wait()


@pytest.mark.parametrize("case", CASES)
def test_interop(interop, case):
    done = subprocess.run([go_tool("interop_client"), "-server_host", "127.0.0.1", "-server_port",
                           str(interop.port), "-test_case", case],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


class Calls(grpc.GenericRpcHandler):
    """A service of bytes: every kind of call, and one that ends with the status it is asked for."""

    def service(self, details):
        name = details.method.rsplit("/", 1)[1]
        if name == "Unary":
            return grpc.unary_unary_rpc_method_handler(lambda request, _: request[::-1])
        if name == "Status":
            def end(request, context):
                context.abort(list(grpc.StatusCode)[int(request)], "as asked: 50 % \u00fc")
            return grpc.unary_unary_rpc_method_handler(end)
        if name == "Down":
            return grpc.unary_stream_rpc_method_handler(
                lambda request, _: (b"%d" % i for i in range(int(request))))
        if name == "Up":
            return grpc.stream_unary_rpc_method_handler(
                lambda requests, _: b"%d" % sum(len(r) for r in requests))
        if name == "Both":
            return grpc.stream_stream_rpc_method_handler(
                lambda requests, _: (r.upper() for r in requests))
        return None


@pytest.fixture(scope="module")
def calls():
    server = grpc.server(ThreadPoolExecutor(16), handlers=(Calls(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    proxy = Proxy([f"h2c://127.0.0.1:{port}"])
    channel = grpc.insecure_channel(f"127.0.0.1:{proxy.port}")
    yield proxy, channel
    channel.close()
    assert proxy.alive(), "the proxy died: " + "".join(proxy.log)
    proxy.stop()
    server.stop(0)


def test_every_kind_of_call(calls):
    _, channel = calls
    big = b"ab" * 500_000
    assert channel.unary_unary("/s/Unary")(big) == big[::-1]
    assert list(channel.unary_stream("/s/Down")(b"300")) == [b"%d" % i for i in range(300)]
    assert channel.stream_unary("/s/Up")(iter([b"x" * 70_000] * 20)) == b"1400000"


def test_a_conversation_moves_message_by_message(calls):
    _, channel = calls
    asked = []

    def requests():
        for word in (b"one", b"two", b"three"):
            asked.append(word)
            yield word
            time.sleep(0.05)

    seen = []
    for reply in channel.stream_stream("/s/Both")(requests()):
        seen.append((reply, len(asked)))
    assert [reply for reply, _ in seen] == [b"ONE", b"TWO", b"THREE"]
    assert seen[0][1] < 3  # the first reply came before the last request


def test_a_status_and_its_message_arrive_as_sent(calls):
    _, channel = calls
    with pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary("/s/Status")(b"5")
    assert raised.value.code() == list(grpc.StatusCode)[5]
    assert raised.value.details() == "as asked: 50 % \u00fc"


def test_the_service_ends_with_unavailable_and_that_counts_as_overload(calls):
    proxy, channel = calls
    unavailable = list(grpc.StatusCode).index(grpc.StatusCode.UNAVAILABLE)
    before = proxy.metric("weir_requests_total", outcome="dropped")
    for _ in range(3):
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/s/Status")(b"%d" % unavailable)
    assert eventually(
        lambda: proxy.metric("weir_requests_total", outcome="dropped") - before == 3)


def test_a_refused_call_is_unavailable_with_the_reason_and_the_pushback():
    server = grpc.server(ThreadPoolExecutor(4), handlers=(Calls(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    proxy = Proxy([f"h2c://127.0.0.1:{port}"], "--limit-max", "1", "--queue-depth", "0",
                  "--workers", "1")
    channel = grpc.insecure_channel(f"127.0.0.1:{proxy.port}",
                                    options=[("grpc.enable_retries", 0)])
    try:
        hold = iter(lambda: time.sleep(0.1) or b"x", None)  # a stream that never ends
        held = channel.stream_stream("/s/Both")(hold)
        assert next(held) == b"X"
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary("/s/Unary")(b"hello")
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "at its limit: 1 of 1 in flight" in raised.value.details()
        sent = dict(raised.value.initial_metadata()) | dict(raised.value.trailing_metadata())
        assert int(sent["grpc-retry-pushback-ms"]) >= 1000
        held.cancel()
    finally:
        channel.close()
        proxy.stop()
        server.stop(0)


def test_a_deadline_goes_on_shorter_than_it_came(calls):
    _, channel = calls
    with pytest.raises(grpc.RpcError) as raised:
        list(channel.stream_stream("/s/Both")(iter(lambda: time.sleep(0.05) or b"x", None),
                                               timeout=0.5))
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
