"""The admin address of a running proxy: metrics that Prometheus accepts, probes, state."""

import json
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from proxy_harness import PATIENCE, WEIR, Wire, answering, eventually, proxied

OK = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
UNAVAILABLE = 69


def ask(proxy, path, method="GET"):
    """(status, headers, text)"""
    request = urllib.request.Request(proxy.admin + path, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


@pytest.fixture(scope="module")
def proxy():
    with proxied(OK) as (proxy, _):
        for _ in range(20):
            assert proxy.get()[0] == 200
        yield proxy


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (package prometheus)")
def test_promtool_accepts_the_metrics(proxy):
    text = ask(proxy, "/metrics")[2]
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                             text=True, timeout=PATIENCE)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout + checked.stderr == ""


def test_the_families_of_a_working_proxy_are_there(proxy):
    text = ask(proxy, "/metrics")[2]
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert families >= {
        "weir_requests_total", "weir_request_duration_seconds", "weir_upstream_duration_seconds",
        "weir_queue_depth", "weir_queue_limit", "weir_inflight", "weir_inflight_peak",
        "weir_concurrency_limit", "weir_pool_connections", "weir_saturation_ratio",
        "weir_build_info", "weir_log_dropped_total",
    }


def test_requests_are_counted_once_and_timed(proxy):
    assert proxy.metric("weir_requests_total", outcome="success") == 20
    assert proxy.metric("weir_requests_total") == 20
    assert proxy.metric("weir_request_duration_seconds_count") == 20
    assert proxy.metric("weir_upstream_duration_seconds_count") == 20
    assert 0 < proxy.metric("weir_upstream_duration_seconds_sum") < PATIENCE
    assert proxy.metric("weir_rejections_total") == 0
    assert proxy.metric("weir_concurrency_limit") >= 1


def test_probes_answer(proxy):
    assert ask(proxy, "/healthz")[::2] == (200, "ok\n")
    assert ask(proxy, "/readyz")[::2] == (200, "ready\n")


def test_state_tells_every_component_with_value_bound_and_why(proxy):
    status, headers, text = ask(proxy, "/api/state")
    assert status == 200 and headers["content-type"] == "application/json"
    state = json.loads(text)
    assert state["draining"] is False and state["dry_run"] is False
    kinds = {component["kind"] for component in state["components"]}
    assert kinds >= {"limiter", "queue"}
    for component in state["components"]:
        assert component["upstream"] and component["unit"], component
        assert component["why"].strip(), component
        assert component["value"] >= 0
        assert component["bound"] is None or component["bound"] >= 0


def test_head_has_no_body(proxy):
    status, headers, text = ask(proxy, "/metrics", "HEAD")
    assert status == 200 and text == ""
    assert int(headers["content-length"]) > 1000


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_written(proxy, method):
    status, headers, _ = ask(proxy, "/metrics", method)
    assert status == 405 and headers["allow"] == "GET, HEAD"


def test_an_unknown_path_lists_what_exists(proxy):
    status, _, text = ask(proxy, "/metric")
    assert status == 404
    assert set(json.loads(text)["paths"]) >= {"/metrics", "/healthz", "/readyz", "/api/state"}


def test_readiness_fails_while_draining_and_health_does_not():
    let_go = threading.Event()

    def slow(connection, _number):
        Wire(connection).head()
        let_go.wait(PATIENCE)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with proxied(slow) as (proxy, origin):
        wire = proxy.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert eventually(lambda: origin.accepted == 1)
        proxy.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: ask(proxy, "/readyz")[0] == 503)
        assert ask(proxy, "/healthz")[0] == 200
        assert json.loads(ask(proxy, "/api/state")[2])["draining"] is True
        let_go.set()
        assert wire.response()[0] == 200
        assert proxy.process.wait(timeout=PATIENCE) == 0
        proxy.alive = lambda: True  # it has ended as it should


def test_an_admin_address_in_use_is_told_with_exit_code_69(proxy):
    taken = proxy.admin.removeprefix("http://")
    done = subprocess.run(
        [WEIR, "proxy", "--listen", "127.0.0.1:0", "--to", "http://127.0.0.1:9", "--admin", taken],
        capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == UNAVAILABLE
    assert taken in done.stderr
