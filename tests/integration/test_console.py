"""weir explain, tap, status, top: the terminal's side of the admin address."""

import json
import os
import shutil
import subprocess
import threading

import pytest

from proxy_harness import ONE_AT_A_TIME, PATIENCE, WEIR, Held, eventually, proxied

USAGE, UNAVAILABLE = 64, 69


@pytest.fixture
def full():
    """A proxy whose one place is taken."""
    held = Held()
    with proxied(held, *ONE_AT_A_TIME) as (proxy, _origin):
        wire = proxy.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert eventually(lambda: len(held.heads) == 1)
        yield proxy
        held.go.set()


def weir(proxy, *words, **options):
    where = ["--admin", proxy.admin.removeprefix("http://")] if proxy else []
    return subprocess.run([WEIR, *words, *where], capture_output=True, text=True,
                          timeout=PATIENCE, **options)


def test_explain_tells_the_gates_as_text_and_as_json(full):
    assert full.get("/cart", "X-Request-Id: r1\r\n")[0] == 503
    told = weir(full, "explain", "r1")
    assert told.returncode == 0
    assert "is at its limit: 1 of 1 in flight" in told.stdout
    assert "to change it: --limit-max" in told.stdout
    assert "\x1b" not in told.stdout
    gates = json.loads(weir(full, "explain", "r1", "-o", "json").stdout)["gates"]
    assert [gate["gate"] for gate in gates if gate["verdict"] == "refused"] == ["limiter"]


def test_an_unknown_id_is_a_usage_error_with_the_next_step(full):
    told = weir(full, "explain", "nobody")
    assert told.returncode == USAGE
    assert "nobody" in told.stderr and "weir tap" in told.stderr


@pytest.mark.parametrize("words", [("status",), ("explain", "x"), ("tap",), ("top", "-o", "json")])
def test_nobody_there_is_told_with_exit_code_69(words):
    told = weir(None, *words, "--admin", "127.0.0.1:9")
    assert told.returncode == UNAVAILABLE
    assert "127.0.0.1:9" in told.stderr and "--admin" in told.stderr


def test_status_says_one_sentence_and_lists_the_components(full):
    assert eventually(lambda: "○" not in weir(full, "status").stdout)
    told = weir(full, "status").stdout
    assert "limiter elastic" in told and "1 of 1" in told
    status = json.loads(weir(full, "status", "-o", "json").stdout)
    assert status["status"]["level"] in ("rising", "shedding")


def test_the_tap_prints_a_line_for_each_refusal_and_ends_when_asked(full):
    tap = subprocess.Popen(
        [WEIR, "tap", "--rejected", "-n", "2", "-o", "json", "--admin",
         full.admin.removeprefix("http://")], stdout=subprocess.PIPE, text=True)
    stop = threading.Event()

    def refuse():
        while not stop.wait(0.05):
            full.get("/")

    thread = threading.Thread(target=refuse)
    thread.start()
    try:
        output, _ = tap.communicate(timeout=PATIENCE)
    finally:
        stop.set()
        thread.join()
    lines = [json.loads(line) for line in output.splitlines()]
    assert len(lines) == 2 and tap.returncode == 0
    assert all(line["result"] == "refused" for line in lines)


def test_top_without_a_terminal_says_what_to_use_instead(full):
    told = weir(full, "top")
    assert told.returncode == USAGE and "weir status" in told.stderr
    assert json.loads(weir(full, "top", "-o", "json").stdout)["status"]["level"]


class Tmux:
    """A real terminal of a real size, whose screen can be read."""

    def __init__(self, command):
        self.name = f"weir-test-{os.getpid()}"
        self.run("new-session", "-d", "-x", "80", "-y", "24", command)

    def run(self, *words):
        return subprocess.run(["tmux", "-L", self.name, *words], capture_output=True, text=True,
                              timeout=PATIENCE)

    def screen(self):
        return self.run("capture-pane", "-p").stdout

    def close(self):
        self.run("kill-server")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux")
@pytest.mark.parametrize("no_colour", ["", "NO_COLOR=1 "])
def test_top_in_tmux_fits_follows_the_size_and_quits(full, no_colour):
    admin = full.admin.removeprefix("http://")
    tmux = Tmux(f"{no_colour}{WEIR} top --admin {admin}; echo ended; sleep 60")
    try:
        assert eventually(lambda: "in flight 1 of 1" in tmux.screen()), tmux.screen()
        lines = tmux.screen().rstrip("\n").split("\n")
        assert len(lines) == 24 and lines[-1].startswith("q quit")
        assert full.get("/", "X-Request-Id: seen\r\n")[0] == 503
        assert eventually(lambda: "concurrency limit" in tmux.screen())
        coloured = "\x1b[3" in tmux.run("capture-pane", "-p", "-e").stdout
        assert coloured is (no_colour == "")
        tmux.run("resize-window", "-x", "50", "-y", "14")
        assert eventually(
            lambda: len(tmux.screen().rstrip("\n").split("\n")) == 14
            and tmux.screen().rstrip("\n").split("\n")[-1].startswith("q quit"))
        tmux.run("send-keys", "q")
        assert eventually(lambda: "ended" in tmux.screen())
        assert "q quit" not in tmux.screen()
    finally:
        tmux.close()
