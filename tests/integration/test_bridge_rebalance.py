"""Members that come, go and are killed: nothing lost, order kept, no partition left standing."""

import random
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))

from broker import Broker  # noqa: E402
from rig import Bridge, Service, committed, inversions, produce, wait_for  # noqa: E402

PARTITIONS = 8
COUNT = 12_000


@pytest.fixture(scope="module")
def broker():
    with Broker() as running:
        yield running


def test_a_member_that_comes_and_one_that_goes(broker, tmp_path):
    broker.create_topic("share", PARTITIONS)
    service = Service(seconds=0.005)
    produce(broker.bootstrap, "share",
            [(f"k{i % 400}", str(i)) for i in range(COUNT)])
    keys = {"brokers": broker.bootstrap, "to": service.url, "topic": "share",
            "upstream": ", concurrency: { max: 16 }"}
    with Bridge(tmp_path, "one", **keys) as one:
        wait_for(lambda: service.distinct() > 500, 30, "the first member does nothing")
        with Bridge(tmp_path, "two", **keys) as two:
            wait_for(lambda: two.metric("weir_kafka_taken_total") > 100, 30,
                     "the second gets nothing")
            assert two.stop() == 0
            wait_for(lambda: one.get("/api/state").count('"partition"') == PARTITIONS, 30,
                     "the first does not take the partitions back")
        wait_for(lambda: service.distinct() == COUNT, 60, "records are missing")
        assert one.stop() == 0
    assert len(service.seen) == COUNT, "a drained hand-over repeats nothing"
    assert inversions(service.accepted(), int) == 0
    assert committed(broker.bootstrap, "share", "weir", PARTITIONS) == COUNT
    service.stop()


def test_a_storm_of_members(broker, tmp_path):
    """Four members, one of which is killed or stopped and comes back every second or so."""
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    broker.create_topic("storm", PARTITIONS)
    service = Service(seconds=0.005)
    produce(broker.bootstrap, "storm", [(f"k{i % 400}", str(i)) for i in range(COUNT)])
    # Static members: a killed one is back before its session ends. The others notice nothing of a
    # kill, and everything of a leave.
    members = [Bridge(tmp_path, f"member{i}", brokers=broker.bootstrap, to=service.url,
                      topic="storm", upstream=", concurrency: { max: 8 }",
                      consume=f", client: {{ group.instance.id: m{i} }}" if i % 2 else "")
               for i in range(4)]
    for member in members:
        member.start()
    wait_for(lambda: service.distinct() > 200, 40, "nothing is delivered")
    began = time.monotonic()
    while time.monotonic() - began < 20 and service.distinct() < COUNT * 0.8:
        victim = rng.choice(members)
        if victim is members[1]:
            victim.kill()
        else:
            assert victim.stop() == 0
        time.sleep(rng.random())
        victim.start()
        time.sleep(rng.random())
    wait_for(lambda: service.distinct() == COUNT, 60, "records are missing")
    for member in members:
        assert member.stop() == 0
    assert inversions(service.accepted(), int) == 0
    assert committed(broker.bootstrap, "storm", "weir", PARTITIONS) == COUNT
    service.stop()
