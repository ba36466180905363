"""The bridge on a real broker: nothing lost, order kept, poisoned records set aside, pace held."""

import random
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))

from broker import Broker  # noqa: E402
from rig import (Bridge, Service, committed, inversions, produce, read_all,  # noqa: E402
                 wait_for)

PARTITIONS = 4


@pytest.fixture(scope="module")
def broker():
    with Broker() as running:
        yield running


@pytest.fixture
def service():
    running = Service()
    yield running
    running.stop()


def make_topic(broker, name):
    broker.create_topic(name, PARTITIONS)
    return name


def records(count, keys=50):
    return [(f"k{i % keys}", str(i)) for i in range(count)]


def test_delivers_all_in_key_order_and_commits_at_shutdown(broker, service, tmp_path):
    topic = make_topic(broker, "plain")
    produce(broker.bootstrap, topic, records(5000))
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic=topic) as bridge:
        wait_for(lambda: service.distinct() == 5000, 30, "not all records were delivered")
        assert bridge.stop() == 0
    assert len(service.seen) == 5000, "without a crash nothing is delivered twice"
    assert inversions(service.accepted(), int) == 0
    assert committed(broker.bootstrap, topic, "weir", PARTITIONS) == 5000


def test_survives_kill_9_of_the_bridge_and_of_the_broker(tmp_path):
    """The short form: 30,000 records, 8 kills of the bridge and one of the broker."""
    count, kills, seed = 30_000, 8, random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    service = Service()
    with Broker() as broker:
        topic = make_topic(broker, "kills")
        produce(broker.bootstrap, topic, records(count, keys=500))
        bridge = Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic=topic,
                        # As a static member it gets its partitions back without waiting for the
                        # session of its killed predecessor to end.
                        consume=", commit_interval: 100ms, client: { group.instance.id: one }",
                        upstream=", concurrency: { max: 64 }")
        in_flight = 64
        repeats_max = 0
        for life in range(kills):
            bridge.start()
            aim = service.distinct() + rng.randrange(1, count // (kills + 4))
            wait_for(lambda: service.distinct() >= min(aim, count), 60, "it does not come on")
            bridge.kill()
            # A crash may repeat what was in flight and what ended since the last commit.
            since_commit = service.distinct() - committed(broker.bootstrap, topic, "weir",
                                                          PARTITIONS)
            repeats_max += in_flight + since_commit
            if life == kills // 2:
                broker.kill()
                broker.restart()
        with bridge:
            wait_for(lambda: service.distinct() == count, 90, "records are missing")
            wait_for(lambda: committed(broker.bootstrap, topic, "weir", PARTITIONS) == count, 30,
                     "not everything is committed")
            assert bridge.stop() == 0
        repeats = len(service.seen) - count
        print(f"{repeats} repeated, at most {repeats_max} allowed")
        assert repeats <= repeats_max
        assert inversions(service.accepted(), int) == 0
    service.stop()


def test_a_poisoned_record_goes_to_the_dead_letters_and_holds_nobody_up(broker, tmp_path):
    topic = make_topic(broker, "poison")
    service = Service(judge=lambda key, value: 500 if value == "100" else None)
    produce(broker.bootstrap, topic, records(2000))
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic=topic,
                deliver=", retry: { attempts: 2, backoff: { base: 10ms, max: 10ms },"
                        " tiers: [1s, 1s] }") as bridge:
        # Other keys are through long before the poisoned record's second tier.
        wait_for(lambda: sum(1 for one in service.accepted() if one.key != "k0") == 1960, 20,
                 "the poisoned record holds others up")
        wait_for(lambda: service.distinct() == 1999, 30, "its followers never came")
        wait_for(lambda: bridge.events("dead_letter"), 10, "no dead letter")
        assert bridge.stop() == 0
    attempts = [one.attempt for one in service.seen if one.value == "100"]
    assert attempts == [1, 2, 3, 4], "two in lane and one in each tier"
    assert inversions(service.accepted(), int) == 0
    dead = read_all(broker.bootstrap, f"{topic}.dlq", PARTITIONS)
    assert [message.value() for message in dead] == [b"100"]
    headers = dict(dead[0].headers())
    assert headers["weir-attempts"] == b"4"
    assert headers["weir-origin-topic"] == topic.encode()
    assert b"500" in headers["weir-error"]
    service.stop()


def test_attempts_and_parked_keys_survive_a_crash(broker, tmp_path):
    """A key is parked in a retry topic when the bridge dies; its later records still follow it."""
    topic = make_topic(broker, "parked")
    sick = {"now": True}
    service = Service(judge=lambda key, value: 500 if value == "10" and sick["now"] else None)
    produce(broker.bootstrap, topic, records(100, keys=5))
    bridge = Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic=topic,
                    consume=", client: { group.instance.id: one }",
                    deliver=", retry: { attempts: 1, tiers: [4s] }")
    bridge.start()
    # Record 10 (key k0) fails once and is parked; 15, 20 … of k0 follow it.
    wait_for(lambda: service.distinct() == 80 + 2, 20, "other keys should all be through")
    time.sleep(1)
    bridge.kill()
    sick["now"] = False
    produce(broker.bootstrap, topic, [("k0", "100"), ("k0", "105")])
    with bridge:
        wait_for(lambda: service.distinct() == 102, 30, "the parked key never came")
        assert bridge.stop() == 0
    assert [one.attempt for one in service.seen if one.value == "10"] == [1, 2]
    assert inversions(service.accepted(), int) == 0
    service.stop()


def test_a_slow_service_sets_the_pace(broker, tmp_path):
    """A pool of 4 workers: what is in flight stays near it, and nothing is fetched twice."""
    topic = make_topic(broker, "slow")
    service = Service(seconds=0.01, workers=4)
    produce(broker.bootstrap, topic, records(2000, keys=1000))
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic=topic,
                upstream=", concurrency: { max: 24 }") as bridge:
        wait_for(lambda: service.distinct() == 2000, 60, "too slow")
        assert service.in_service_max <= 24
        assert bridge.stop() == 0
    assert len(service.seen) == 2000
    service.stop()


def test_a_service_that_dies_costs_no_attempts_and_no_storm(broker, tmp_path):
    topic = make_topic(broker, "dying")
    service = Service()
    produce(broker.bootstrap, topic, records(500, keys=500))
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic=topic,
                deliver=", retry: { attempts: 2, tiers: [] }") as bridge:
        wait_for(lambda: service.distinct() == 500, 20, "not delivered")
        service.die()
        produce(broker.bootstrap, topic, [(str(i), str(i)) for i in range(500, 1500)])
        time.sleep(3)
        service.revive()
        wait_for(lambda: service.distinct() == 1500, 30, "it does not come back")
        assert not bridge.events("dead_letter")
        assert bridge.stop() == 0
    service.stop()


def test_overload_with_retry_after_pauses_everything(broker, tmp_path):
    topic = make_topic(broker, "overload")
    state = {"full": True}
    service = Service(judge=lambda *_: (503, b"Retry-After: 1\r\n") if state["full"] else None)
    produce(broker.bootstrap, topic, records(1000, keys=1000))
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic=topic,
                upstream=", concurrency: { max: 20 }") as bridge:
        wait_for(lambda: service.seen, 20, "nothing came")
        time.sleep(4)
        refused = len(service.seen)
        state["full"] = False
        wait_for(lambda: service.distinct() == 1000, 20, "it does not come back")
        assert bridge.stop() == 0
    # The first volley is as large as the limit; then one test a second.
    assert refused < 30, f"{refused} refusals in 4 s are a storm"
    assert not bridge.events("dead_letter")
    service.stop()
