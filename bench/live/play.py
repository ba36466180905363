"""One subject before one service under one load: started, loaded in phases, watched, measured."""

import datetime
import json
import os
import platform
import subprocess
import threading
import time
from dataclasses import dataclass, field

import peers

WORKERS, MEAN = 8, 0.020
CAPACITY = WORKERS / MEAN
BUCKET = 0.5


@dataclass(frozen=True)
class Scenario:
    """Phases are (seconds, multiple of the capacity); `faults` maps the number of a phase to what
    the service is told when it begins."""
    phases: list
    service_time: str = f"exp:{MEAN * 1e3:.0f}ms"
    faults: dict = field(default_factory=dict)


def load(port, phases, seed):
    words = [peers.WEIR, "lab", "load", f"http://127.0.0.1:{port}/", "-o", "json", "--timeout",
             "1s", "--bucket", f"{BUCKET * 1e3:.0f}ms", "--seed", str(seed), "--capacity",
             f"{CAPACITY:.0f}/s"]
    for seconds, multiple in phases:
        words += ["--phase", f"{seconds}s@{multiple}x"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def watch(running, samples, done):
    """Weir's limit and its moves, five times a second."""
    begin = time.monotonic()
    seen = set()
    while not done.wait(0.2):
        state = running.state()
        if state is None:
            return
        parts = {part["kind"]: part for part in state["components"]}
        limiter = parts.get("limiter", {})
        moves = [event for event in state["events"] if event["number"] not in seen]
        seen.update(event["number"] for event in moves)
        samples.append({"t_s": round(time.monotonic() - begin, 2), "limit": limiter.get("bound"),
                        "in_flight": limiter.get("value"),
                        "queued": parts.get("queue", {}).get("value"), "moves": moves[::-1]})


def play(name, scenario, seed):
    """One subject, one scenario; the load's report with what the subject said of itself."""
    service = ["--workers", str(WORKERS), "--time", scenario.service_time, "--seed", str(seed)]
    with peers.running(name, service) as running:
        samples, done = [], threading.Event()
        watcher = threading.Thread(target=watch, args=(running, samples, done))
        generator = load(running.port, scenario.phases, seed)
        begin = time.monotonic()
        watcher.start()
        cpu = {}
        edge = 0.0
        for index, (seconds, _) in enumerate(scenario.phases):
            before = running.cpu()
            if index in scenario.faults:
                running.control(scenario.faults[index])
            edge += seconds
            time.sleep(max(0.0, begin + edge - time.monotonic()))
            cpu[index] = running.cpu() - before
        report = json.loads(generator.communicate(timeout=60)[0])
        done.set()
        watcher.join()
    report.update(subject=name, seed=seed, cpu_seconds=cpu, watched=samples)
    return report


def machine():
    model = platform.processor() or platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}, {date}"
