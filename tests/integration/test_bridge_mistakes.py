"""What cannot work is told at the start, in one sentence, with an exit code."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))

from broker import Broker  # noqa: E402
from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from rig import WEIR, Bridge, Service, config_text, produce, wait_for  # noqa: E402


@pytest.fixture(scope="module")
def broker():
    with Broker() as running:
        yield running


def run(folder, text):
    path = folder / "weir.yaml"
    path.write_text(text)
    return subprocess.run([WEIR, "bridge", "-c", path], capture_output=True, text=True, timeout=60)


def test_an_unreachable_broker(tmp_path):
    done = run(tmp_path, config_text("127.0.0.1:1", "http://127.0.0.1:1"))
    assert done.returncode == 69
    assert "no Kafka broker answers" in done.stderr


def test_a_topic_that_does_not_exist(broker, tmp_path):
    done = run(tmp_path, config_text(broker.bootstrap, "http://127.0.0.1:1", topic="nowhere"))
    assert done.returncode == 78
    assert "topic 'nowhere'" in done.stderr


def test_a_retry_topic_with_too_few_partitions(broker, tmp_path):
    broker.create_topic("wide", 4)
    broker.create_topic("wide.retry.1", 1)
    done = run(tmp_path, config_text(broker.bootstrap, "http://127.0.0.1:1", topic="wide"))
    assert done.returncode == 78
    assert "'wide.retry.1' has 1 partitions and needs 4" in done.stderr


def test_a_mistake_in_the_file(tmp_path):
    text = config_text("b:1", "http://127.0.0.1:1").replace("group:", "gruop:")
    done = run(tmp_path, text)
    assert done.returncode == 78
    assert "weir.yaml:6:" in done.stderr
    assert "unknown key 'gruop'; did you mean 'group'?" in done.stderr


def test_a_setting_that_librdkafka_refuses(tmp_path):
    text = config_text("b:1", "http://127.0.0.1:1", consume=", client: { no.such.setting: 1 }")
    done = run(tmp_path, text)
    assert done.returncode == 78
    assert "no.such.setting" in done.stderr


def test_unreadable_commit_metadata_is_ignored(broker, tmp_path):
    broker.create_topic("noted", 1)
    produce(broker.bootstrap, "noted", [("k", str(i)) for i in range(10)])
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "weir"})
    here = TopicPartition("noted", 0, 4)
    consumer.commit(offsets=[here], asynchronous=False)
    consumer.close()
    service = Service()
    with Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic="noted") as bridge:
        wait_for(lambda: service.distinct() == 6, 20, "the rest was not delivered")
        assert bridge.stop() == 0
    assert sorted(int(one.value) for one in service.seen) == list(range(4, 10))
    service.stop()
