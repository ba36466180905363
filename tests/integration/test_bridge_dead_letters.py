"""Dead letters can be seen and replayed, once."""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))

from broker import Broker  # noqa: E402
from rig import WEIR, Bridge, Service, produce, wait_for  # noqa: E402


def dlq(bridge, *words):
    done = subprocess.run([WEIR, "bridge", "dlq", words[0], "-c", bridge.config, *words[1:]],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_list_and_replay(tmp_path):
    sick = {"now": True}
    service = Service(judge=lambda key, value: 422 if sick["now"] and value == "7" else None)
    with Broker() as broker:
        broker.create_topic("letters", 2)
        produce(broker.bootstrap, "letters", [(f"k{i}", str(i)) for i in range(20)])
        bridge = Bridge(tmp_path, brokers=broker.bootstrap, to=service.url, topic="letters")
        with bridge:
            wait_for(lambda: service.distinct() == 19, 20, "not delivered")
            wait_for(lambda: bridge.metric("weir_kafka_moves_total", why="dead_letter") == 1, 20,
                     "no dead letter")
            listed = [json.loads(line) for line in dlq(bridge, "list", "-o", "json").splitlines()]
            assert [(one["key"], one["attempts"]) for one in listed] == [("k7", 1)]
            assert "422" in listed[0]["error"]
            sick["now"] = False
            assert dlq(bridge, "replay") == "1 written back to letters\n"
            wait_for(lambda: service.distinct() == 20, 20, "the replayed record did not come")
            assert dlq(bridge, "list") == "0 dead letters\n"
            assert dlq(bridge, "replay") == "0 written back to letters\n"
            assert "1 dead letters" in dlq(bridge, "list", "--all")
            assert bridge.stop() == 0
    again = [one for one in service.seen if one.value == "7"]
    assert [(one.status, one.attempt) for one in again] == [(422, 1), (204, 1)]
    service.stop()
