"""weir ctl: what a person may change in a running weir, and what nobody else may."""

import json
import subprocess
import urllib.error
import urllib.request

import pytest

from proxy_harness import OK, PATIENCE, WEIR, Origin, answering, eventually, proxied

USAGE = 64


@pytest.fixture
def proxy():
    with proxied(answering(OK), "--limit-max", "30") as (proxy, _origin):
        yield proxy


def ctl(proxy, *words):
    return subprocess.run(
        [WEIR, "ctl", *words, "--admin", proxy.admin.removeprefix("http://")],
        capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


def test_set_moves_the_limit_says_what_it_was_and_leaves_an_audit_line(proxy):
    done = ctl(proxy, "set", "limit_max", "3", "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(": 30 → 3")

    def limited():
        proxy.get()  # a law decides when there is something to decide about
        return proxy.metric("weir_concurrency_limit") <= 3

    assert eventually(limited)
    lines = [json.loads(line) for line in proxy.log if "changed_by_operator" in line]
    assert lines and lines[0]["before"] == "30" and lines[0]["after"] == "3"


def test_nothing_is_changed_without_confirmation(proxy):
    done = ctl(proxy, "set", "limit_max", "3")
    assert done.returncode == USAGE and "--yes" in done.stderr
    assert not any("changed_by_operator" in line for line in proxy.log)


@pytest.mark.parametrize("words, said", [
    (("set", "limit_max", "0"), "whole number"),
    (("set", "limit_max", "3x"), "whole number"),
    (("set", "colour", "red"), "limit_max"),
    (("set", "limit_max", "3", "--upstream", "nobody"), "there are: "),
    (("breaker", "open"), "no breaker"),
])
def test_a_wrong_change_says_what_would_be_right(proxy, words, said):
    done = ctl(proxy, *words, "--yes")
    assert done.returncode == USAGE
    assert said in done.stderr, done.stderr


def test_drain_ends_the_process_in_good_order(proxy):
    done = ctl(proxy, "drain", "--yes", "-o", "json")
    assert json.loads(done.stdout)["after"] == "draining"
    assert proxy.process.wait(timeout=PATIENCE) == 0
    proxy.alive = lambda: True  # it has ended as it should


CONFIG = """version: 1
listen: {{ http: "127.0.0.1:0", admin: "127.0.0.1:0" }}
upstreams:
  orders:
    to: ["{url}"]
    breaker: {{ open_when: {{ failures: 50%, min_requests: 20 }} }}
"""


def test_a_breaker_is_opened_explained_and_closed_by_hand(tmp_path):
    origin = Origin(answering(OK))
    file = tmp_path / "weir.yaml"
    file.write_text(CONFIG.format(url=origin.url))
    process = subprocess.Popen([WEIR, "run", "-c", str(file)], stderr=subprocess.PIPE, text=True)
    try:
        ready = json.loads(process.stderr.readline())
        url, admin = "http://" + ready["address"], ready["admin"]

        def run(*words):
            return subprocess.run([WEIR, *words, "--admin", admin], capture_output=True, text=True,
                                  timeout=PATIENCE)

        opened = run("ctl", "breaker", "open", "--for", "60s", "--upstream", "orders", "--yes")
        assert opened.stdout.strip() == "breaker of orders: closed → open", opened.stderr
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(url, timeout=PATIENCE)
        problem = json.loads(refusal.value.read())
        assert problem["reason"] == "breaker_open"
        told = run("explain", problem["request_id"]).stdout
        assert "breaker   ✕ refused" in told and "upstreams.orders.breaker" in told, told
        assert "open" in run("status").stdout
        closed = run("ctl", "breaker", "closed", "--upstream", "orders", "--yes")
        assert closed.returncode == 0, closed.stderr
        assert urllib.request.urlopen(url, timeout=PATIENCE).status == 200
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        origin.close()


def attempt(proxy, method="POST", **headers):
    request = urllib.request.Request(proxy.admin + "/api/ctl/drain", method=method,
                                     headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_no_link_no_form_and_no_foreign_page_can_change_anything(proxy):
    """envoy #2763 and #42347: an admin port that could be written by a GET."""
    assert attempt(proxy, "GET", **{"X-Weir-Ctl": "1"}) == 405
    assert attempt(proxy, "HEAD", **{"X-Weir-Ctl": "1"}) == 405
    assert attempt(proxy) == 403, "a form cannot send the header"
    assert attempt(proxy, **{"X-Weir-Ctl": "1", "Origin": "http://evil.example"}) == 403
    assert attempt(proxy, **{"X-Weir-Ctl": "1", "Origin": "null"}) == 403
    assert attempt(proxy, **{"X-Weir-Ctl": "1", "Host": "evil.example"}) == 421
    assert proxy.get()[0] == 200, "it still serves"
