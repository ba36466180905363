"""Every refusal explains itself: by its id, in the list, on the tap."""

import json
import urllib.error
import urllib.request

import pytest

from proxy_harness import ONE_AT_A_TIME, PATIENCE, Held, eventually, proxied

GATES = ["route", "priority", "bulkhead", "limiter", "queue", "breaker", "upstream", "retry"]


def read(proxy, path, **headers):
    request = urllib.request.Request(proxy.admin + path, headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


def fill(proxy, held):
    """Takes the one place."""
    wire = proxy.connect()
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert eventually(lambda: len(held.heads) == 1)
    return wire


def test_every_refusal_is_explained_whole():
    held = Held()
    with proxied(held, *ONE_AT_A_TIME) as (proxy, _origin):
        _first = fill(proxy, held)
        ids = []
        for number in range(50):
            status, fields, body = proxy.get(f"/shop?secret={number}")
            assert status == 503
            ids.append(json.loads(body)["request_id"])
        for request_id in ids:
            told = read(proxy, "/api/explain/" + request_id)
            assert told["result"] == "refused" and told["reason"] == "concurrency_limit"
            assert told["path"] == "/shop" and told["method"] == "GET"
            assert "secret" not in json.dumps(told)
            assert [gate["gate"] for gate in told["gates"]] == GATES
            assert all(gate["why"] for gate in told["gates"]), told
            limiter = told["gates"][3]
            assert limiter["verdict"] == "refused"
            assert (limiter["value"], limiter["bound"]) == (1, 1)
            assert limiter["change"] == "--limit-max"
        listed = read(proxy, "/api/explain?rejected")
        assert [told["request_id"] for told in listed] == ids[::-1]
        assert read(proxy, "/api/explain?rejected&route=other") == []
        held.go.set()


def test_the_tap_tells_a_refusal_at_once():
    held = Held()
    with proxied(held, *ONE_AT_A_TIME) as (proxy, _origin):
        _first = fill(proxy, held)
        tap = urllib.request.urlopen(proxy.admin + "/api/tap?rejected", timeout=PATIENCE)
        assert tap.headers["content-type"] == "text/event-stream"
        assert tap.readline() == b": tap\n"
        assert proxy.get("/", "X-Request-Id: now\r\n")[0] == 503
        for line in tap:
            if line.startswith(b"data: "):
                break
        assert json.loads(line[len("data: "):])["request_id"] == "now"
        tap.close()
        held.go.set()


def test_a_deadline_that_passes_upstream_names_the_upstream():
    held = Held()
    with proxied(held, "--workers", "1") as (proxy, _origin):
        status, _, _ = proxy.get("/", "X-Request-Id: late\r\nx-request-deadline-ms: 80\r\n")
        assert status == 504
        told = read(proxy, "/api/explain/late")
        upstream = next(gate for gate in told["gates"] if gate["gate"] == "upstream")
        assert upstream["verdict"] == "refused" and upstream["unit"] == "milliseconds"
        assert upstream["value"] >= upstream["bound"] > 0
        assert told["deadline_ms"] <= 80
        held.go.set()


def test_a_dry_run_explains_what_it_let_through():
    held = Held()
    with proxied(held, *ONE_AT_A_TIME, "--dry-run") as (proxy, _origin):
        _first = fill(proxy, held)
        second = proxy.connect()
        second.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: over\r\n\r\n")
        assert eventually(lambda: len(held.heads) == 2)
        assert read(proxy, "/api/explain/over")["result"] == "would_refuse"
        held.go.set()


def test_unknown_ids_say_what_is_remembered():
    with proxied(Held()) as (proxy, _origin):
        with pytest.raises(urllib.error.HTTPError) as failure:
            read(proxy, "/api/explain/nobody")
        assert failure.value.code == 404
        told = json.loads(failure.value.read())
        assert "nobody" in told["error"] and "weir tap" in told["remedy"]


def test_a_foreign_name_reads_nothing():
    """DNS rebinding: a page of another site must not read what requests were about."""
    with proxied(Held()) as (proxy, _origin):
        with pytest.raises(urllib.error.HTTPError) as failure:
            read(proxy, "/api/explain", Host="evil.example")
        assert failure.value.code == 421
        assert urllib.request.urlopen(urllib.request.Request(
            proxy.admin + "/metrics", headers={"Host": "weir.monitoring"}), timeout=PATIENCE)
