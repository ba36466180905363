"""Faults from outside: a connection that goes silent, a retry topic that takes less than it
should; and a service that says itself how much it takes."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))

from broker import Broker, free_port  # noqa: E402
from proxy_harness import SANITIZED  # noqa: E402
from rig import Bridge, Service, committed, produce, read_all, wait_for  # noqa: E402
from slow_link import SlowLink  # noqa: E402

FAST = 1_000_000_000  # bytes a second: no bound


def test_the_watchdog_tells_of_a_silent_connection_and_it_heals(tmp_path):
    link_port = free_port()
    with Broker(advertised=link_port) as broker, SlowLink(link_port, broker.port, FAST) as link:
        broker.create_topic("silent")
        count = 30_000
        produce(broker.bootstrap, "silent", [(f"k{i % 300}", f"{i} ".ljust(1000))
                                             for i in range(count)])
        service = Service()
        # Little is prefetched, so that what was fetched is soon worked off.
        with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic="silent",
                    consume=", memory: 8MiB") as bridge:
            wait_for(lambda: service.distinct() > 3000, 30, "nothing is delivered")
            os.kill(link.process.pid, signal.SIGUSR1)
            wait_for(lambda: len(bridge.events("stalled")) >= 2, 60, "nobody notices")
            os.kill(link.process.pid, signal.SIGUSR1)
            assert service.distinct() < count, "it was too fast for this test"
            remedies = [event["remedy"] for event in bridge.events("stalled")]
            assert remedies[:2] == ["reread", "seek"], "mildest first"
            assert all(event["lag"] > 0 for event in bridge.events("stalled"))
            wait_for(lambda: service.distinct() == count, 60, "it does not heal")
            assert bridge.metric("weir_kafka_stall_remedies_total") >= 2
            assert bridge.stop() == 0
        assert committed(broker.bootstrap, "silent", "weir", 1) == count
        service.stop()


@pytest.fixture(scope="module")
def broker():
    with Broker() as running:
        yield running


def test_a_record_too_large_for_the_retry_topic_is_kept_and_told(broker, tmp_path):
    """It holds up its own key and the commit; nothing else, and nothing is lost."""
    broker.create_topic("large")
    broker.create_topic("large.dlq", max_message_bytes=2000)
    service = Service(judge=lambda key, value: 422 if key == "bad" else None)
    produce(broker.bootstrap, "large", [("a", "1"), ("bad", "x" * 5000), ("b", "2"),
                                        ("bad", "small"), ("c", "3")])
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic="large") as bridge:
        wait_for(lambda: service.distinct() == 3, 20, "the others are held up")
        told = wait_for(lambda: bridge.events("write_failed"), 20, "nothing is told")
        assert "large" in told[0]["message"].lower() and told[0]["topic"] == "large.dlq"
        assert bridge.stop() == 0
    assert committed(broker.bootstrap, "large", "weir", 1) == 1, "before the large one"
    assert "small" not in {one.value for one in service.seen}, "its key waits behind it"
    assert read_all(broker.bootstrap, "large.dlq") == []
    service.stop()


def test_a_record_of_a_megabyte_finds_its_way_to_the_dead_letters(broker, tmp_path):
    """With our headers it is larger than what Kafka's clients send by default."""
    broker.create_topic("mega", max_message_bytes=2_000_000)
    broker.create_topic("mega.dlq", max_message_bytes=3_000_000)
    service = Service(judge=lambda key, value: 422)
    body = "x" * 999_900
    produce(broker.bootstrap, "mega", [("k", body)])
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic="mega") as bridge:
        wait_for(lambda: bridge.metric("weir_kafka_moves_total", why="dead_letter") == 1, 20,
                 "no dead letter")
        assert bridge.stop() == 0
    assert [one.value().decode() for one in read_all(broker.bootstrap, "mega.dlq")] == [body]
    service.stop()


def test_the_services_own_credits_bound_what_is_in_flight(broker, tmp_path):
    broker.create_topic("credits", 4)
    report = b"endpoint-load-metrics: TEXT cpu_utilization=0.5, named_metrics.weir_credits=3\r\n"
    service = Service(seconds=0.01, judge=lambda key, value: (204, report))
    count = 2000
    produce(broker.bootstrap, "credits", [(f"k{i}", str(i)) for i in range(count)])
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic="credits") as bridge:
        wait_for(lambda: service.distinct() > 200, 30, "nothing is delivered")
        service.in_service_max = 0
        wait_for(lambda: service.distinct() == count, 60, "records are missing")
        assert bridge.stop() == 0
    assert service.in_service_max <= 3
    service.stop()


def test_lag_far_beyond_the_memory_stays_in_kafka(broker, tmp_path):
    """The short form of `bench/kafka/run lag`, which drains 10 GB."""
    broker.create_topic("lag", 4)
    service = Service()
    count, body = 20_000, "x" * 9_990
    produce(broker.bootstrap, "lag", ((f"k{i % 500}", f"{i:9} {body}") for i in range(count)))
    peak = 0
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic="lag",
                consume=", memory: 16MiB") as bridge:
        def drained():
            nonlocal peak
            status = Path(f"/proc/{bridge.process.pid}/status").read_text()
            peak = max(peak, int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024)
            return service.distinct() == count
        wait_for(drained, 120, "not drained")
        assert bridge.stop() == 0
    print(f"peak {peak / 1e6:.0f} MB")
    assert SANITIZED or peak < 100e6, "200 MB were there to be taken"
    service.stop()
