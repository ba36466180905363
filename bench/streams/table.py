"""Joins weir's figures and JMH's in one table (Markdown) and one JSON file."""

import datetime
import json
import platform
import sys
from pathlib import Path

# Names of streams_bench.cc, and what JMH calls the same pipeline: (method, parameter).
ROWS = [
    ("range, map, filter, sink; demand 1", "sync/1", ("sync", "1")),
    ("... demand 256", "sync/256", ("sync", "256")),
    ("... demand unbounded", "sync/unbounded", ("sync", "unbounded")),
    ("... every operator type-erased, demand 1", "sync-erased/1", None),
    ("... every operator type-erased, demand 256", "sync-erased/256", None),
    ("thread to thread, buffer 64", "async/64", ("async", "64")),
    ("... buffer 256", "async/256", ("async", "256")),
    ("... buffer 1024", "async/1024", ("async", "1024")),
    ("... a queue without bound", "async/unbounded", None),
    ("flat_map, concurrency 16", "flat_map/16", ("flatMap", "")),
    ("group_by_key, 64 keys", "group_by_key/64", ("groupBy", "")),
]
LIBRARIES = ("weir", "reactor", "rxjava", "rxcpp")


def own(path):
    figures = {}
    if not path.exists():
        return figures
    for line in path.read_text(encoding="utf-8").splitlines():
        name, rate, _ = line.split()
        figures[name] = float(rate)
    return figures


def jmh(path):
    figures = {}
    if not path.exists():
        return figures
    for result in json.loads(path.read_text(encoding="utf-8")):
        method = result["benchmark"].rsplit(".", 1)[1]
        parameter = next(iter(result.get("params", {"": ""}).values()))
        figures[(method, parameter)] = result["primaryMetric"]["score"] / 1e6
    return figures


def machine():
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    cores = sum(1 for line in Path("/proc/cpuinfo").open(encoding="utf-8")
                if line.startswith("processor"))
    return f"{model}, {cores} cores, Linux {platform.release()}"


def main(folder, json_path):
    folder = Path(folder)
    weir = own(folder / "weir.txt")
    reactor = jmh(folder / "ReactorBench.json")
    rxjava = jmh(folder / "RxJavaBench.json")
    rxcpp = own(folder / "rxcpp.txt")
    today = datetime.date.today().isoformat()
    print(f"\nMillions of source items a second. {machine()}, {today}.\n")
    print("| pipeline | weir | Reactor | RxJava | RxCpp |")
    print("|---|---:|---:|---:|---:|")
    rows = []
    for label, name, peer in ROWS:
        cells = [weir.get(name), reactor.get(peer), rxjava.get(peer), rxcpp.get(name)]
        if cells == [None] * len(cells):
            continue
        rows.append({"pipeline": label, **dict(zip(LIBRARIES, cells))})
        print(f"| {label} | " + " | ".join("–" if c is None else f"{c:.1f}" for c in cells) + " |")
    Path(json_path).write_text(
        json.dumps({"date": today, "machine": machine(), "unit": "million items a second",
                    "rows": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
