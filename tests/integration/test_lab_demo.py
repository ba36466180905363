"""The demo as a whole, shortened, and that it leaves nothing behind however it ends."""

import os
import re
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from lab_helpers import WEIR

CHILDREN = 5  # services; with weir there are as many proxies again


def children_of(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_a_short_demo_shows_the_collapse_and_judges_itself(tmp_path):
    html, svg = tmp_path / "report.html", tmp_path / "picture.svg"
    done = subprocess.run([WEIR, "lab", "demo", "--warm", "2s", "--slow", "8s", "--after", "2s",
                           "--html", str(html), "--svg", str(svg)],
                          capture_output=True, text=True, timeout=120)
    verdicts = re.findall(r"^(PASS|FAIL)  (.*)$", done.stdout, re.MULTILINE)
    assert len(verdicts) == 5, done.stdout + done.stderr
    assert verdicts[0] == ("PASS", "without weir, a slow payments takes the healthy catalogue down")
    assert done.returncode == (0 if all(word == "PASS" for word, _ in verdicts) else 1)
    assert "\x1b" not in done.stdout, "no terminal, no escapes"
    lines = [line for line in done.stdout.splitlines() if " s  payments " in line]
    assert len(lines) >= 8
    assert ElementTree.parse(svg).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert "PASS" in html.read_text()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_outlives_the_demo(how, tmp_path):
    demo = subprocess.Popen([WEIR, "lab", "demo", "--html", "", "--logs", str(tmp_path)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(children_of(demo.pid)) == CHILDREN)
    children = children_of(demo.pid)
    os.kill(demo.pid, how)
    _, said = demo.communicate(timeout=20)
    wait_until(lambda: not any(alive(child) for child in children))
    if how == signal.SIGKILL:
        assert demo.returncode == -signal.SIGKILL
    else:
        assert demo.returncode == 69 and "interrupted" in said


def test_a_report_that_cannot_be_written_is_told_before_the_run():
    done = subprocess.run([WEIR, "lab", "demo", "--html", "/nonexistent/report.html"],
                          capture_output=True, text=True, timeout=10)
    assert done.returncode == 69
    assert "/nonexistent/report.html" in done.stderr


def test_a_short_kafka_demo_from_nothing(tmp_path):
    """No broker, no topic, no file: what the demo needs it brings."""
    done = subprocess.run([WEIR, "lab", "demo", "--kafka", "--warm", "3s", "--slow", "5s",
                           "--logs", str(tmp_path)],
                          capture_output=True, text=True, timeout=120)
    verdicts = re.findall(r"^(PASS|FAIL)  (.*)$", done.stdout, re.MULTILINE)
    assert len(verdicts) == 5, done.stdout + done.stderr
    assert verdicts[4] == ("PASS", "every record is delivered once, and none is given up")
    assert done.returncode == (0 if all(word == "PASS" for word, _ in verdicts) else 1)
    assert "\x1b" not in done.stdout, "no terminal, no escapes"
    lines = [line for line in done.stdout.splitlines() if " s  service " in line]
    assert any("10x slower" in line for line in lines), done.stdout


def test_no_process_outlives_the_kafka_demo(tmp_path):
    demo = subprocess.Popen([WEIR, "lab", "demo", "--kafka", "--logs", str(tmp_path)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(children_of(demo.pid)) == 2)
    children = children_of(demo.pid)
    os.kill(demo.pid, signal.SIGTERM)
    _, said = demo.communicate(timeout=20)
    wait_until(lambda: not any(alive(child) for child in children))
    assert demo.returncode == 69 and "interrupted" in said
