"""Deliveries over HTTP/2 and gRPC: values whole, statuses understood, order and overload as over
HTTP/1.1."""

import concurrent.futures
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))

from broker import Broker, free_port  # noqa: E402
from rig import WEIR, Bridge, Service, inversions, produce, read_all, wait_for  # noqa: E402

grpc = pytest.importorskip("grpc")


@pytest.fixture(scope="module")
def broker():
    with Broker() as running:
        yield running


class GrpcService:
    """/shop.Orders/Take, without a schema: bytes in, nothing out. `judge(key, value)` may give a
    gRPC status and trailing metadata."""

    def __init__(self, judge=None, options=()):
        self.judge = judge
        self.seen = []
        self.lock = threading.Lock()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), options=options)
        handler = grpc.unary_unary_rpc_method_handler(self.take)
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("shop.Orders", {"Take": handler}),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def take(self, value, context):
        metadata = dict(context.invocation_metadata())
        key = metadata.get("kafka-key", "")
        verdict = self.judge(key, value) if self.judge else None
        with self.lock:
            self.seen.append((time.monotonic(), key, value, verdict, context.time_remaining(),
                              metadata))
        if verdict:
            status, trailers = verdict
            context.set_trailing_metadata(trailers)
            context.abort(status, "as the test says")
        return b""

    def accepted(self):
        with self.lock:
            return [one for one in self.seen if one[3] is None]


def test_grpc_takes_every_record_in_order(broker, tmp_path):
    broker.create_topic("calls", 4)
    service = GrpcService()
    large = "x" * 300_000
    produce(broker.bootstrap, "calls", [(f"k{i % 50}", str(i)) for i in range(2000)])
    produce(broker.bootstrap, "calls", [("large", large), ("none", "")])
    with Bridge(tmp_path, brokers=broker.bootstrap, to=f"http://127.0.0.1:{service.port}",
                topic="calls", path="/shop.Orders/Take", deliver=", protocol: grpc") as bridge:
        wait_for(lambda: len(service.accepted()) == 2002, 60, "records are missing")
        assert bridge.stop() == 0
    newest = {}
    for _, key, value, _, left, metadata in service.accepted():
        assert 0 < left <= 30, "the deadline travels"
        assert metadata["kafka-topic"] == "calls" and "idempotency-key" in metadata
        if key not in ("large", "none"):
            assert newest.get(key, -1) < int(value)
            newest[key] = int(value)
    values = {value for _, _, value, _, _, _ in service.accepted()}
    assert large.encode() in values and b"" in values
    service.server.stop(None)


def test_grpc_statuses_are_outcomes(broker, tmp_path):
    broker.create_topic("verdicts", 1)
    until = time.monotonic() + 2
    tries = []

    def judge(_, value):
        if value == b"poison":
            return grpc.StatusCode.INVALID_ARGUMENT, ()
        if value == b"known":
            return grpc.StatusCode.ALREADY_EXISTS, ()
        if value == b"busy" and time.monotonic() < until:
            tries.append(time.monotonic())
            return grpc.StatusCode.RESOURCE_EXHAUSTED, (("grpc-retry-pushback-ms", "400"),)
        return None

    service = GrpcService(judge)
    produce(broker.bootstrap, "verdicts", [("a", "poison"), ("b", "known"), ("c", "busy"),
                                           ("d", "fine")])
    with Bridge(tmp_path, brokers=broker.bootstrap, to=f"http://127.0.0.1:{service.port}",
                topic="verdicts", path="/shop.Orders/Take", deliver=", protocol: grpc") as bridge:
        wait_for(lambda: {one[2] for one in service.accepted()} == {b"busy", b"fine"}, 30,
                 "not delivered")
        wait_for(lambda: bridge.metric("weir_kafka_moves_total", why="dead_letter") == 1, 20,
                 "no dead letter")
        assert bridge.stop() == 0
    letters = read_all(broker.bootstrap, "verdicts.dlq")
    assert [one.value() for one in letters] == [b"poison"]
    assert "gRPC status 3" in dict(letters[0].headers())["weir-error"].decode()
    waits = [after - before for before, after in zip(tries, tries[1:])]
    assert all(wait >= 0.4 for wait in waits), f"the pushback is honoured: {waits}"
    service.server.stop(None)


def test_a_service_that_allows_two_streams_a_connection(broker, tmp_path):
    """What was sent before its SETTINGS came waits; further connections take the rest."""
    broker.create_topic("narrow", 4)
    service = GrpcService(options=(("grpc.max_concurrent_streams", 2),))
    produce(broker.bootstrap, "narrow", [(f"k{i}", str(i)) for i in range(500)])
    with Bridge(tmp_path, brokers=broker.bootstrap, to=f"http://127.0.0.1:{service.port}",
                topic="narrow", path="/shop.Orders/Take", deliver=", protocol: grpc") as bridge:
        wait_for(lambda: len(service.accepted()) >= 500, 60, "records are missing")
        assert bridge.stop() == 0
    assert len({value for _, _, value, _, _, _ in service.accepted()}) == 500
    assert bridge.events("dead_letter") == []
    service.server.stop(None)


def test_http2_through_a_proxy_that_is_killed_and_drained(broker, tmp_path):
    """HTTP/2 to weir proxy, which speaks HTTP/1.1 to the service."""
    broker.create_topic("h2", 4)
    service = Service()
    listen, count = free_port(), 3000

    def proxy():
        return subprocess.Popen([WEIR, "proxy", "--listen", f"127.0.0.1:{listen}", "--to",
                                 service.url, "--admin", "127.0.0.1:0"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = proxy()
    produce(broker.bootstrap, "h2", [(f"k{i % 50}", str(i)) for i in range(count)])
    try:
        with Bridge(tmp_path, brokers=broker.bootstrap, to=f"http://127.0.0.1:{listen}",
                    topic="h2", deliver=", protocol: http2") as bridge:
            wait_for(lambda: service.distinct() > 300, 60, "nothing is delivered")
            running.kill()
            running.wait()
            running = proxy()
            wait_for(lambda: service.distinct() > 1000, 60, "it does not come back")
            running.terminate()  # drains: GOAWAY
            running.wait()
            running = proxy()
            wait_for(lambda: service.distinct() == count, 60, "records are missing")
            assert bridge.stop() == 0
            assert bridge.events("dead_letter") == []
    finally:
        running.kill()
        running.wait()
    assert inversions(service.accepted(), int) == 0
    service.stop()
