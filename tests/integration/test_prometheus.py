"""A real Prometheus scrapes a real weir; the rules and the Grafana page that ship ask for what is
there."""

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import pytest

from proxy_harness import OK, PATIENCE, ROOT, WEIR, answering, eventually, proxied

RULES = ROOT / "packaging" / "prometheus" / "weir.rules.yml"
GRAFANA = ROOT / "packaging" / "grafana" / "weir.json"
SUFFIXES = ("_bucket", "_sum", "_count")

pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus")


def grafana_queries():
    page = json.loads(GRAFANA.read_text())
    queries = [target["expr"] for panel in page["panels"] for target in panel["targets"]]
    return queries + [one["expr"] for one in page["annotations"]["list"]]


def rule_queries():
    checked = subprocess.run(["promtool", "check", "rules", str(RULES)], capture_output=True,
                             text=True, timeout=PATIENCE)
    assert checked.returncode == 0, checked.stderr
    import yaml
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def known_families():
    page = subprocess.run([WEIR, "docs", "metrics"], capture_output=True, text=True).stdout
    return set(re.findall(r"^\| `(weir_\w+)`", page, re.MULTILINE))


@pytest.mark.parametrize("queries", [grafana_queries, rule_queries])
def test_only_metrics_that_exist_are_asked_for(queries):
    known = known_families()
    for query in queries():
        for name in re.findall(r"\bweir_\w+", query):
            family = next((name[:-len(end)] for end in SUFFIXES if name.endswith(end)), name)
            assert family in known or name in known, f"{name} in {query}"


def test_the_rules_fire_when_they_should():
    tests = RULES.with_name("weir.rules.test.yml")
    done = subprocess.run(["promtool", "test", "rules", str(tests)],
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_openmetrics_is_offered_and_has_exemplars():
    with proxied(answering(OK)) as (proxy, _origin):
        for _ in range(200):
            proxy.get()
        request = urllib.request.Request(proxy.admin + "/metrics", headers={
            "Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})

        def with_exemplar():
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                assert answer.headers["content-type"].startswith("application/openmetrics-text")
                text = answer.read().decode()
            assert text.endswith("# EOF\n")
            assert "# TYPE weir_requests counter\n" in text
            pattern = r'_bucket\{[^}]*\} \d+ # \{request_id="\w+"\} [0-9.e-]+ [0-9.]+\n'
            return re.search(pattern, text)

        assert eventually(with_exemplar)


class Prometheus:
    def __init__(self, folder, target):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({  # JSON is YAML
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "weir", "static_configs": [{"targets": [target]}]}],
        }))
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--enable-feature=exemplar-storage"],
            stderr=subprocess.DEVNULL)

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return json.loads(answer.read())["data"]
        except OSError:
            return None

    def value(self, query):
        data = self.get("query", query=query)
        return float(data["result"][0]["value"][1]) if data and data["result"] else None

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)


def test_a_real_prometheus_scrapes_and_evaluates_everything(tmp_path):
    with proxied(answering(OK)) as (proxy, _origin):
        prometheus = Prometheus(tmp_path, proxy.admin.removeprefix("http://"))
        stop = threading.Event()

        def traffic():
            while not stop.wait(0.01):
                proxy.get()

        thread = threading.Thread(target=traffic)
        thread.start()
        try:
            assert eventually(lambda: prometheus.value("up") == 1), "it scrapes"
            count = 'sum(weir_requests_total{outcome="success"})'
            assert eventually(lambda: (prometheus.value(count) or 0) > 20)
            stop.set()
            thread.join()
            mine = proxy.metric("weir_requests_total", outcome="success")
            assert eventually(lambda: prometheus.value(count) == mine), "it counts what we count"
            assert eventually(lambda: prometheus.get("query_exemplars",
                              query="weir_request_duration_seconds_bucket",
                              start=time.time() - 60, end=time.time())), "exemplars are stored"
            for query in rule_queries() + grafana_queries():
                query = query.replace("$__rate_interval", "1m").replace("$upstream", ".*")
                assert prometheus.get("query", query=query) is not None, query
            rules = prometheus.get("rules")["groups"][0]["rules"]
            assert all(rule["health"] == "ok" for rule in rules), rules
        finally:
            stop.set()
            thread.join()
            prometheus.close()
