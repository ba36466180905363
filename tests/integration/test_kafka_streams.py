"""weir::kafka on a real broker: a program that reads by request(n) and writes within a bound loses
nothing, however often it is killed."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))

from broker import Broker  # noqa: E402
from rig import WEIR, committed, produce, read_all  # noqa: E402

COPY = Path(WEIR).with_name("kafka_copy")
COUNT = 20_000
PARTITIONS = 4

pytestmark = pytest.mark.skipif(not COPY.exists(), reason="the example was not built")


@pytest.fixture(scope="module")
def broker():
    with Broker() as running:
        yield running


def test_a_copy_that_is_killed_loses_nothing_and_keeps_the_order(broker):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    broker.create_topic("lower", PARTITIONS)
    broker.create_topic("upper", PARTITIONS)
    produce(broker.bootstrap, "lower", [(f"k{i % 500}", f"value-{i}") for i in range(COUNT)])
    words = [COPY, broker.bootstrap, "lower", "upper"]
    for _ in range(4):
        copy = subprocess.Popen(words)
        time.sleep(1 + rng.random())
        copy.kill()
        copy.wait()
        time.sleep(0.1)
    # The session of the last one that was killed ends, then this one gets everything.
    left = COUNT - committed(broker.bootstrap, "lower", "kafka-copy", PARTITIONS)
    assert left > 0, "too fast for this test"
    done = subprocess.run([*words, str(left)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert committed(broker.bootstrap, "lower", "kafka-copy", PARTITIONS) == COUNT
    newest, values = {}, set()
    for one in read_all(broker.bootstrap, "upper", PARTITIONS):
        value = one.value().decode()
        assert value.startswith("VALUE-")
        if value not in values:
            values.add(value)
            number = int(value.removeprefix("VALUE-"))
            assert newest.get(one.key(), -1) < number, "a first copy came out of order"
            newest[one.key()] = number
    assert len(values) == COUNT


def test_a_topic_that_does_not_exist_is_told(broker):
    done = subprocess.run([COPY, broker.bootstrap, "nowhere", "upper"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 78
    assert "nowhere" in done.stderr and "create the topic" in done.stderr
