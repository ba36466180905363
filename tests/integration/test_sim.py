"""weir sim as a stranger meets it: the examples, the same bytes, mistakes, exit codes."""

import json
import os
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "release" / "bin" / "weir"))
EXAMPLES = sorted((ROOT / "examples" / "sim").glob("*.yaml"))
UNAVAILABLE, USAGE, CONFIG = 69, 64, 78


def sim(*words):
    return subprocess.run([WEIR, "sim", *map(str, words)], capture_output=True, text=True,
                          timeout=120)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_gives_what_it_expects_and_the_same_bytes_each_time(example):
    first = sim(example, "-o", "json")
    assert first.returncode == 0, sim(example).stdout
    assert first.stderr == ""
    assert first.stdout == sim(example, "-o", "json").stdout
    report = json.loads(first.stdout)
    assert report["pass"] and report["left_over"] == 0
    for client in report["clients"]:
        slices = client["series"]
        assert len(slices["offered"]) == len(slices["good"]) > 100
        assert client["measured"]["offered"] <= sum(slices["offered"])


class Page(HTMLParser):
    """Collects what a page would load, and checks that its tags are balanced."""

    VOID = {"meta", "link", "img", "br"}

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.count = [], [], {}

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.loads += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_but_itself(tmp_path):
    target = tmp_path / "report.html"
    assert sim(EXAMPLES[0], "--html", target).returncode == 0
    page = Page()
    page.feed(target.read_text())
    assert page.open == [] and page.loads == []
    assert page.count["svg"] >= 4 and page.count["polyline"] >= 8
    assert target.read_text() == sim(EXAMPLES[0], "-o", "html").stdout


def test_a_missed_expectation_is_exit_code_1(tmp_path):
    scenario = tmp_path / "s.yaml"
    scenario.write_text("version: 1\nduration: 5s\n"
                        "services: {a: {workers: 1, time: {mean: 20ms}}}\n"
                        "clients: {web: {to: a, rate: 100/s}}\n"
                        "expect: [{client: web, good_min: 99%}]\n")
    done = sim(scenario)
    assert done.returncode == 1
    assert "MISS  web: good at least 99 %" in done.stdout


def test_mistakes_are_told_with_place_line_and_suggestion(tmp_path):
    scenario = tmp_path / "s.yaml"
    scenario.write_text("version: 1\nduratoin: 5s\n"
                        "services: {a: {workers: 1, time: {mean: 20}}}\n"
                        "clients: {web: {to: b, rate: 100/s}}\n")
    done = sim(scenario)
    assert done.returncode == CONFIG and done.stdout == ""
    assert f"{scenario}:2:1: error: unknown key 'duratoin'; did you mean 'duration'?" in done.stderr
    assert f"{scenario}:3:41: error: '20' is not a length of time" in done.stderr
    assert f"{scenario}:4:21: error: there is no service 'b'" in done.stderr
    assert "  3 | services: {a: {workers: 1, time: {mean: 20}}}" in done.stderr


def test_what_is_missing_is_told():
    assert sim("no-such-file.yaml").returncode == UNAVAILABLE
    assert sim().returncode == USAGE
    assert sim(EXAMPLES[0], "--html", "/no/such/folder/x.html").returncode == UNAVAILABLE


def test_the_schema_knows_every_key_of_the_examples():
    yaml = pytest.importorskip("yaml")
    schema = json.loads(sim("schema").stdout)

    def check(value, part, where):
        if "oneOf" in part:
            part = next(p for p in part["oneOf"]
                        if (p["type"] == "array") == isinstance(value, list))
        if isinstance(value, dict):
            for key, item in value.items():
                inner = part.get("properties", {}).get(key, part.get("additionalProperties"))
                assert inner, f"{where}.{key} is not in the schema"
                check(item, inner, f"{where}.{key}")
        elif isinstance(value, list):
            for item in value:
                check(item, part["items"], where)

    for example in EXAMPLES:
        check(yaml.safe_load(example.read_text()), schema, example.stem)
