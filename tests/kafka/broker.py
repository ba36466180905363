"""A real Apache Kafka broker (KRaft, one node) on loopback, for tests, benchmarks and people.

As a library: Broker().start(), then .bootstrap, .create_topic(), .kill(), .restart(), .stop().
As a program: `python3 tests/kafka/broker.py` (or `./dev kafka`) runs one until Ctrl-C.
It needs a JDK 17 and, the first time, Maven; the jars are kept in build/kafka/jars.
"""

import argparse
import base64
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POM = Path(__file__).resolve().parent / "pom.xml"
JARS = Path(os.environ.get("WEIR_KAFKA_JARS", ROOT / "build" / "kafka" / "jars"))
START_SECONDS_MAX = 90

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKER://127.0.0.1:{advertised}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
log.dirs={logs}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""

LOG_PROPERTIES = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Djava.awt.headless=true"]


class BrokerError(Exception):
    """The broker could not be had; the text says why and what to do."""


def ensure_jars():
    """Fetches the jars once. Two test runs at a time wait for each other."""
    for tool, package in (("java", "openjdk-17-jdk-headless"), ("mvn", "maven")):
        if shutil.which(tool) is None and (tool == "java" or not (JARS / ".complete").exists()):
            raise BrokerError(f"there is no {tool}; install {package}")
    JARS.mkdir(parents=True, exist_ok=True)
    with open(JARS.parent / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (JARS / ".complete").exists():
            return
        done = subprocess.run(
            ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies",
             "-DincludeScope=runtime", f"-DoutputDirectory={JARS}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise BrokerError("Maven could not fetch Kafka:\n" + done.stdout[-2000:])
        (JARS / ".complete").touch()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def java(*arguments, heap="256m", **options):
    # Serial collector and the first compiler only: start-up counts here, not peak throughput.
    command = ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
               *LOG_PROPERTIES, "-cp", f"{JARS}/*", *arguments]
    return subprocess.Popen(command, **options)


class Broker:
    """One broker that keeps its port and its data over kill() and restart()."""

    def __init__(self, folder=None, heap="512m", port=None, properties="", advertised=None):
        self._owned = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="weir-kafka-"))
        self.heap = heap
        self.port = port or free_port()
        self.advertised = advertised or self.port  # another one when a link stands before it
        self.controller = free_port()
        self._extra = properties
        self._process = None

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.advertised}"

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        ensure_jars()
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "server.properties"
        config.write_text(PROPERTIES.format(
            port=self.port, advertised=self.advertised, controller=self.controller,
            logs=self.folder / "logs") + self._extra)
        cluster = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
        # With "=": an id may begin with a dash.
        self._run_tool("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c",
                       str(config))
        self.restart()
        return self

    def restart(self):
        """Starts it again on the same data and port; returns when it accepts connections."""
        if self._process is not None and self._process.poll() is None:
            raise BrokerError("the broker still runs")
        log = open(self.folder / "broker.log", "a")
        self._process = java("kafka.Kafka", str(self.folder / "server.properties"),
                             heap=self.heap, stdout=log, stderr=log, start_new_session=True)
        log.close()
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.5).close()
                return
            except OSError:
                time.sleep(0.1)
        tail = (self.folder / "broker.log").read_text()[-2000:]
        self.kill()
        raise BrokerError(f"the broker did not start:\n{tail}")

    def kill(self):
        """kill -9, as a crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def stop(self):
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._owned:
            shutil.rmtree(self.folder, ignore_errors=True)

    def create_topic(self, name, partitions=1, **configs):
        # Imported here: running a broker for oneself needs no Python client.
        from confluent_kafka.admin import AdminClient, NewTopic
        settings = {key.replace("_", "."): str(value) for key, value in configs.items()}
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        topic = NewTopic(name, partitions, 1, config=settings)
        for future in admin.create_topics([topic], operation_timeout=30).values():
            future.result()

    def _run_tool(self, *arguments):
        tool = java(*arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        output, _ = tool.communicate(timeout=START_SECONDS_MAX)
        if tool.returncode != 0:
            raise BrokerError(f"{arguments[0]} failed:\n{output[-2000:]}")
        return output

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def main():
    parser = argparse.ArgumentParser(prog="./dev kafka", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--folder", help="where its data live; default: a temporary one")
    parser.add_argument("--topic", action="append", default=[], metavar="NAME[:PARTITIONS]")
    options = parser.parse_args()
    broker = Broker(options.folder, port=options.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        broker.start()
        for topic in options.topic:
            name, _, partitions = topic.partition(":")
            broker.create_topic(name, int(partitions or 1))
        print(f"Apache Kafka listens on {broker.bootstrap}; Ctrl-C stops it", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    except BrokerError as error:
        sys.exit(f"kafka: {error}")
    finally:
        broker.stop()


if __name__ == "__main__":
    main()
