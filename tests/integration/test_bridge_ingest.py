"""HTTP producers write through the ingest: what was acknowledged is in the topic, and the buffer
has a bound that they are told about."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))

from broker import Broker, free_port  # noqa: E402
from rig import WEIR, Ingest, post, read_all, wait_for  # noqa: E402
from slow_link import SlowLink  # noqa: E402


@pytest.fixture(scope="module")
def broker():
    with Broker() as running:
        yield running


def test_writes_records_with_keys_headers_and_batches(broker, tmp_path):
    broker.create_topic("clicks", 2)
    with Ingest(tmp_path, broker.bootstrap, "clicks") as ingest:
        connection = ingest.connect()
        answer = post(connection, b"hello", Kafka_Key="a%20b", Kafka_Header_trace="1",
                      Content_Type="text/plain")
        assert answer.status == 204
        assert answer.headers["Kafka-Offset"] == "0"
        batch = post(connection, b'{"n":1}\n\n{"n":2}\r\n{"n":3}',
                     Content_Type="application/x-ndjson")
        assert (batch.status, batch.headers["Kafka-Records"]) == (204, "3")
        chunked = post(connection, iter([b"in ", b"pieces"]))
        assert chunked.status == 204
        assert ingest.stop() == 0
    found = read_all(broker.bootstrap, "clicks", 2)
    assert sorted(one.value() for one in found) == [
        b"hello", b"in pieces", b'{"n":1}', b'{"n":2}', b'{"n":3}']
    first = next(one for one in found if one.value() == b"hello")
    assert first.key() == b"a b"
    assert dict(first.headers()) == {"trace": b"1", "content-type": b"text/plain"}


def test_refuses_with_the_right_status(broker, tmp_path):
    broker.create_topic("refusals")
    with Ingest(tmp_path, broker.bootstrap, "refusals", ", record_max: 1KiB") as ingest:
        connection = ingest.connect()
        assert post(connection, b"x" * 2000).status == 413
        assert post(connection, iter([b"x" * 700, b"x" * 700])).status == 413
        assert post(connection, b"x", path="/elsewhere").status == 404
        assert post(connection, b"x", Kafka_Key="50%").status == 400
        connection.request("GET", "/records")
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["status"]) == (405, 405)
        assert post(connection, b"fits").status == 204, "the connection goes on after refusals"
        assert ingest.stop() == 0
    assert [one.value() for one in read_all(broker.bootstrap, "refusals")] == [b"fits"]


def test_a_broker_that_stands_still_fills_a_bounded_buffer(broker, tmp_path):
    """What was acknowledged is there afterwards; what does not fit is refused at once."""
    broker.create_topic("full")
    written, statuses, refused_in = [], [], []
    stop = threading.Event()

    def producer(number, connection):
        for i in range(100_000):
            if stop.is_set():
                return
            value = f"{number}-{i}".encode().ljust(2000)
            answer = post(connection, value)
            statuses.append(answer.status)
            if answer.status == 204:
                written.append(value)
            else:
                assert answer.status == 429, answer.text
                assert 1 <= int(answer.headers["Retry-After"]) <= 60
                refused_in.append(answer.seconds)
                time.sleep(0.05)

    with Ingest(tmp_path, broker.bootstrap, "full", ", memory: 64KiB") as ingest:
        assert post(ingest.connect(), b"warm").status == 204
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            threads = [threading.Thread(target=producer, args=(i, ingest.connect()))
                       for i in range(40)]
            for thread in threads:
                thread.start()
            wait_for(lambda: statuses.count(429) >= 100, 20, "nobody is refused")
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        wait_for(lambda: statuses.count(204) >= 200, 20, "it does not go on")
        stop.set()
        for thread in threads:
            thread.join()
        assert ingest.stop() == 0
    found = {one.value() for one in read_all(broker.bootstrap, "full")}
    assert not set(written) - found, "acknowledged and lost"
    refused_in.sort()
    print(f"{len(refused_in)} refused, median {refused_in[len(refused_in) // 2] * 1e3:.2f} ms")
    assert refused_in[len(refused_in) // 2] < 0.05


def test_five_times_overload_does_not_fill_the_buffer(tmp_path):
    """Bufferbloat: with a bound in bytes alone, each record waits for the whole buffer to drain."""
    link_bytes, size = 1_000_000, 8000
    capacity = link_bytes / size
    link_port = free_port()
    with Broker(advertised=link_port) as broker, SlowLink(link_port, broker.port, link_bytes):
        broker.create_topic("far")
        with Ingest(tmp_path, broker.bootstrap, "far", ", memory: 1MiB") as ingest:
            connection = ingest.connect()
            assert post(connection, b"warm").status == 204
            done = subprocess.run(
                [WEIR, "lab", "load", f"http://{connection.host}:{connection.port}/records",
                 "--body", str(size), "--rate", f"{capacity * 5:.0f}/s", "--for", "10s",
                 "--timeout", "10s", "-o", "json"], capture_output=True, text=True, check=True)
            total = json.loads(done.stdout)["total"]
            assert ingest.metric("weir_ingest_concurrency_limit") < 64
            assert ingest.stop() == 0
        found = len(read_all(f"127.0.0.1:{broker.port}", "far"))
    print(total["ok"], "written, p50", total["latency_ms"]["p50"], "ms")
    assert total["ok"] + 1 <= found, "acknowledged and lost"
    assert total["ok"] > 100 and total["refused"] > total["ok"]
    # 1 MiB at 1 MB/s would be a second.
    assert total["latency_ms"]["p50"] < 250
