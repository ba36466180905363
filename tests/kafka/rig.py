"""What tests and benchmarks of the bridge stand on: a service that remembers what it took, a bridge
as a process, and a few words of Kafka."""

import asyncio
import collections
import http.client
import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

ROOT = Path(__file__).resolve().parents[2]
WEIR = Path(os.environ.get("WEIR_BIN", ROOT / "build" / "release" / "bin" / "weir"))

Seen = collections.namedtuple("Seen", "at key value attempt status partition")


def wait_for(condition, seconds, what):
    """Polls until the condition gives something true, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s: {what}")
        time.sleep(0.05)


class Exchange(asyncio.Protocol):
    """One connection. Requests are small and have a Content-Length: the bridge's always do."""

    def __init__(self, service):
        self.service = service
        self.buffer = b""
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.service.connections.add(transport)

    def connection_lost(self, _):
        self.service.connections.discard(self.transport)

    def data_received(self, data):
        self.buffer += data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            headers = {}
            for line in self.buffer[:end].split(b"\r\n")[1:]:
                name, _, value = line.partition(b": ")
                headers[name.lower()] = value
            whole = end + 4 + int(headers[b"content-length"])
            if len(self.buffer) < whole:
                return
            body, self.buffer = self.buffer[end + 4:whole], self.buffer[whole:]
            self.service.take(self, headers, body)

    def answer(self, status, extra=b""):
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n%s\r\n" % (status, extra))


class Service:
    """An HTTP service on a thread of its own. `workers` requests are served at a time, each for
    `seconds`; the others wait inside, as in a real thread pool. `judge(key, value)` may give
    another status than 204, or (status, headers)."""

    def __init__(self, seconds=0.0, workers=None, judge=None):
        self.seconds = seconds
        self.workers = workers
        self.judge = judge
        self.seen = []
        self.in_service = self.in_service_max = 0
        self.waiting = collections.deque()
        self.connections = set()
        self.lives = 0
        self.port = None
        self._loop = asyncio.new_event_loop()
        self._server = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._thread.start()
        self._ready.wait()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()

    async def _listen(self):
        self._server = await self._loop.create_server(
            lambda: Exchange(self), "127.0.0.1", self.port or 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def take(self, exchange, headers, body):
        self.in_service += 1
        self.in_service_max = max(self.in_service_max, self.in_service)
        self.waiting.append((exchange, headers, body))
        self._serve()

    def _serve(self):
        while self.waiting and (self.workers is None or self.workers > 0):
            if self.workers is not None:
                self.workers -= 1
            work = self.waiting.popleft()
            if self.seconds > 0:
                self._loop.call_later(self.seconds, self._done, self.lives, *work)
            else:
                self._done(self.lives, *work)

    def _done(self, life, exchange, headers, body):
        if life != self.lives:
            return  # it died meanwhile
        key, value = headers.get(b"kafka-key", b"").decode(), body.decode()
        verdict = (self.judge(key, value) if self.judge else None) or 204
        status, extra = verdict if isinstance(verdict, tuple) else (verdict, b"")
        attempt = int(headers[b"x-envoy-attempt-count"])
        self.seen.append(Seen(time.monotonic(), key, value, attempt, status,
                              int(headers[b"kafka-partition"])))
        self.in_service -= 1
        if self.workers is not None:
            self.workers += 1
        exchange.answer(status, extra)
        if self.workers is not None and self.waiting:
            self._loop.call_soon(self._serve)

    def call(self, function):
        """Runs it in the service's thread and waits."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (function(), done.set()))
        done.wait()

    def die(self):
        """Closes the port and every connection, as a killed process."""
        def close():
            self._server.close()
            for transport in list(self.connections):
                transport.abort()
            self.waiting.clear()
            self.in_service = 0
            self.lives += 1
        self.call(close)

    def revive(self, workers=None):
        self.workers = workers
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    # What it took for good.

    def accepted(self):
        return [one for one in self.seen if one.status < 300]

    def distinct(self):
        return len({one.value for one in self.seen if one.status < 300})


class Bridge:
    """`weir bridge` as a process on a configuration file."""

    def __init__(self, folder, name="bridge", **keys):
        self.folder = Path(folder)
        self.config = self.folder / f"{name}.yaml"
        self.log_path = self.folder / f"{name}.log"
        self.config.write_text(config_text(**keys))
        self.process = None

    def start(self):
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen([str(WEIR), "bridge", "-c", str(self.config)],
                                            stdout=log, stderr=log)
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def events(self, name=None):
        lines = []
        for line in self.log_path.read_text().splitlines():
            if line.startswith("{"):
                lines.append(json.loads(line))
        return [line for line in lines if name is None or line["event"] == name]

    def admin(self):
        """The admin address, once the bridge has told it."""
        told = wait_for(lambda: self.events("admin"), 30, "the bridge did not tell its address")
        return told[-1]["address"]

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.admin()}{path}", timeout=5) as answer:
            return answer.read().decode()

    def metric(self, name, **labels):
        """The sum over all series of that name with these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        total = 0.0
        for line in self.get("/metrics").splitlines():
            if line.split("{")[0].split(" ")[0] == name and all(one in line for one in wanted):
                total += float(line.rsplit(" ", 1)[1])
        return total

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()


def config_text(brokers, to, topic="orders", group="weir", consume="", deliver="", upstream="",
                path="/events"):
    return f"""\
version: 1
listen: {{ admin: "127.0.0.1:0" }}
upstreams:
  service: {{ to: ["{to}"]{upstream} }}
kafka:
  - consume: {{ brokers: "{brokers}", topic: {topic}, group: {group}{consume} }}
    deliver: {{ to: service, path: {path}{deliver} }}
"""


def produce(brokers, topic, records):
    """Writes (key, value) pairs; returns when all are durable."""
    # Idempotent: without it the first batches to a new topic may be written out of order.
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 5, "enable.idempotence": True,
                         "queue.buffering.max.messages": 1000000, "log_level": 0})
    for key, value in records:
        while True:
            try:
                producer.produce(topic, key=key, value=value)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(60) == 0, "the broker did not take the test's records"


def read_all(brokers, topic, partitions=1):
    """Every record of a topic that holds little."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "reader", "log_level": 0,
                         "enable.auto.commit": False})
    found = []
    try:
        for partition in range(partitions):
            here = TopicPartition(topic, partition, 0)
            _, end = consumer.get_watermark_offsets(here, timeout=10)
            consumer.assign([here])
            left = end
            while left > 0:
                message = consumer.poll(10)
                assert message is not None, f"{topic} ended early"
                assert message.error() is None, message.error()
                found.append(message)
                left = end - message.offset() - 1
    finally:
        consumer.close()
    return found


def committed(brokers, topic, group, partitions):
    """The sum of the group's committed offsets."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "log_level": 0})
    try:
        offsets = consumer.committed([TopicPartition(topic, p) for p in range(partitions)],
                                     timeout=10)
        return sum(max(one.offset, 0) for one in offsets)
    finally:
        consumer.close()


def inversions(accepted, sequence_of):
    """Pairs within a key whose first deliveries came in the wrong order."""
    newest, known, wrong = {}, set(), 0
    for one in accepted:
        if one.value in known:
            continue
        known.add(one.value)
        sequence = sequence_of(one.value)
        wrong += sequence < newest.get(one.key, -1)
        newest[one.key] = max(sequence, newest.get(one.key, -1))
    return wrong


class Ingest(Bridge):
    """`weir bridge` with one ingest."""

    def __init__(self, folder, brokers, topic, more=""):
        super().__init__(folder, "ingest", brokers=brokers, to="http://127.0.0.1:1", topic=topic)
        self.config.write_text(f"""\
version: 1
listen: {{ admin: "127.0.0.1:0" }}
kafka:
  - ingest: {{ listen: "127.0.0.1:0", path: /records, brokers: "{brokers}", topic: {topic}{more} }}
""")

    def connect(self):
        told = wait_for(lambda: self.events("ingesting"), 30, "the ingest did not start")
        host, port = told[-1]["address"].rsplit(":", 1)
        return http.client.HTTPConnection(host, int(port), timeout=30)


def post(connection, body, path="/records", **headers):
    """One exchange; the answer with its body read and its seconds noted."""
    began = time.monotonic()
    connection.request("POST", path, body,
                       {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    answer.seconds = time.monotonic() - began
    return answer
