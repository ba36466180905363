"""A weir proxy as a real process, origins that do exactly what a test says, and raw sockets."""

import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "release" / "bin" / "weir"))
# Sanitizers keep freed memory and shadow what is used, so figures of memory mean nothing there.
SANITIZED = os.environ.get("WEIR_PRESET") in ("asan", "tsan") or bool(
    re.search("/[at]san/", WEIR))
PATIENCE = 20  # seconds that anything may take before a test calls it hung
# Flags of a proxy that takes one request and lets nobody wait.
ONE_AT_A_TIME = ("--limit-max", "1", "--queue-depth", "0", "--workers", "1")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Origin:
    """An upstream: calls `serve(connection, n)` in a thread for its n-th connection (from 0)."""

    SCHEME = "http"

    def __init__(self, serve):
        self.serve = serve
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "%s://127.0.0.1:%d" % (self.SCHEME, self.listener.getsockname()[1])
        self.connections = []
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            self.connections.append(connection)
            number, self.accepted = self.accepted, self.accepted + 1
            threading.Thread(target=self._run, args=(connection, number), daemon=True).start()

    def _run(self, connection, number):
        try:
            self.serve(connection, number)
        except OSError:
            pass

    def close(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()


class Wire:
    """A socket that is read by pieces of HTTP."""

    def __init__(self, connection):
        self.socket = connection
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise EOFError(self.buffer)
        end = self.buffer.index(mark) + len(mark)
        taken, self.buffer = self.buffer[:end], self.buffer[end:]
        return taken

    def exactly(self, size):
        while len(self.buffer) < size:
            if not self.fill():
                raise EOFError(self.buffer)
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def rest(self):
        while self.fill():
            pass
        taken, self.buffer = self.buffer, b""
        return taken

    def head(self):
        """(start line, {lower-case name: value}) of the next message; None at the end."""
        try:
            lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        except EOFError:
            return None
        fields = {}
        for line in lines[1:-2]:
            name, value = line.split(":", 1)
            fields.setdefault(name.lower(), value.strip())
        return lines[0], fields

    def chunked(self):
        """(body, trailer lines)"""
        body = b""
        while True:
            size = int(self.until(b"\r\n"), 16)
            if size == 0:
                break
            body += self.exactly(size)
            assert self.exactly(2) == b"\r\n"
        trailers = []
        while True:
            line = self.until(b"\r\n")
            if line == b"\r\n":
                return body, trailers
            trailers.append(line[:-2])

    def body(self, fields):
        if fields.get("transfer-encoding") == "chunked":
            return self.chunked()[0]
        return self.exactly(int(fields.get("content-length", 0)))

    def response(self, head_only=False):
        """(status, fields, body); skips nothing. None when the connection has ended."""
        head = self.head()
        if head is None:
            return None
        line, fields = head
        status = int(line.split()[1])
        empty = head_only or status in (204, 304) or status < 200
        return status, fields, b"" if empty else self.body(fields)

    def ended(self):
        """Whether the peer closes, and sends nothing before that."""
        try:
            return self.rest() == b""
        except ConnectionResetError:
            return True


def echo(connection, _number):
    """Answers each request with a text that tells what was received."""
    wire = Wire(connection)
    while (head := wire.head()) is not None:
        line, fields = head
        body = wire.body(fields)
        text = line.encode() + b"\n" + body
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text)
                           + (b"" if line.startswith("HEAD") else text))


def answering(response):
    """An origin's behaviour: these bytes to every request."""
    def serve(connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            wire.body(head[1])
            connection.sendall(response)
    return serve


class Proxy:
    def __init__(self, targets, *flags):
        command = ["proxy", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", *flags]
        for target in targets:
            command += ["--to", target]
        self._start(command)

    @classmethod
    def from_file(cls, path):
        """`weir run` on this file."""
        proxy = cls.__new__(cls)
        proxy._start(["run", "-c", str(path)])
        return proxy

    def _start(self, command):
        self.process = subprocess.Popen([WEIR, *command], stderr=subprocess.PIPE, text=True)
        first = self.process.stderr.readline()
        ready = json.loads(first)
        assert ready["event"] == "listening", first
        self.port = int(ready["address"].rsplit(":", 1)[1])
        self.admin = "http://" + ready["admin"]
        self.log = []
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line)

    def connect(self, **options):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        for name, value in options.items():
            connection.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        return Wire(connection)

    def ask(self, request, head_only=False):
        """One request on a connection of its own."""
        wire = self.connect()
        wire.send(request)
        answer = wire.response(head_only)
        wire.socket.close()
        return answer

    def get(self, path="/", headers=""):
        return self.ask(f"GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode())

    def metric(self, name, **labels):
        """The sum of the series of that name whose labels include these."""
        text = urllib.request.urlopen(self.admin + "/metrics", timeout=PATIENCE).read().decode()
        total = 0.0
        for line in text.splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if not match or match[1] != name:
                continue
            have = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
            if all(have.get(key) == value for key, value in labels.items()):
                total += float(match[3])
        return total

    def state(self, kind):
        """The first component of that kind in /api/state."""
        text = urllib.request.urlopen(self.admin + "/api/state", timeout=PATIENCE).read()
        return next(c for c in json.loads(text)["components"] if c["kind"] == kind)

    def memory(self):
        """Resident bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(timeout=5)


class Held:
    """An origin that answers when it is let go."""

    def __init__(self):
        self.go = threading.Event()
        self.heads = []

    def __call__(self, connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            self.heads.append(head)
            wire.body(head[1])
            self.go.wait(PATIENCE)
            connection.sendall(OK)


@contextmanager
def proxied(serve, *flags, origin_type=Origin):
    """(proxy, origin) with the origin behaving as `serve` says. The proxy must outlive the test."""
    origin = origin_type(serve)
    proxy = Proxy([origin.url], *flags)
    try:
        yield proxy, origin
        assert proxy.alive(), "the proxy died: " + "".join(proxy.log)
    finally:
        proxy.stop()
        origin.close()


@contextmanager
def running(tmp_path, text, *behaviours):
    """(proxy, origins): `weir run` on this text, in which $0, $1, … stand for the origins' URLs."""
    origins = [Origin(serve) for serve in behaviours]
    text = "version: 1\nlisten: { http: '127.0.0.1:0', admin: '127.0.0.1:0' }\n" + text
    text = re.sub(r"\$(\d+)", lambda match: f"'{origins[int(match[1])].url}'", text)
    path = tmp_path / "weir.yaml"
    path.write_text(text)
    proxy = Proxy.from_file(path)
    try:
        yield proxy, origins
        assert proxy.alive(), "the proxy died: " + "".join(proxy.log)
    finally:
        proxy.stop()
        for origin in origins:
            origin.close()


def eventually(condition, seconds=PATIENCE):
    """Waits for what another thread or process does; the one place where tests sleep."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False
