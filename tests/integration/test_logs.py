"""What a running proxy logs: one JSON object a line, refusals sampled with a count, no secrets."""

import json

from proxy_harness import ONE_AT_A_TIME, Held, eventually, proxied
from test_proxy_refusals import GET, busy

REFUSALS = 50
SECRET = "hunter2"


def lines(proxy, *events):
    return [line for line in map(json.loads, list(proxy.log)) if line["event"] in events]


def told(proxy, *events):
    """The number of refusals that the lines stand for; "refused_more" stands only for others."""
    return sum(line["left_out"] + (line["event"] != "refused_more") for line in
               lines(proxy, "refused_more", *events))


def test_a_burst_of_refusals_is_a_few_lines_that_account_for_all():
    held = Held()
    with proxied(held, *ONE_AT_A_TIME) as (proxy, _origin):
        first = busy(proxy, held)
        wire = proxy.connect()
        for _ in range(REFUSALS):
            wire.send(b"GET /?token=hunter2 HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n"
                      b"Authorization: Bearer hunter2\r\nCookie: session=hunter2\r\n\r\n")
            assert wire.response()[0] == 503
        assert eventually(lambda: told(proxy, "refused") == REFUSALS)
        refused = lines(proxy, "refused")
        assert 1 <= len(refused) <= 5
        line = refused[0]
        assert line["level"] == "warning"
        assert line["message"].endswith("is at its limit: 1 of 1 in flight")
        assert line["reason"] == "concurrency_limit" and line["policy"] == "limiter"
        assert line["priority"] == "CRITICAL" and line["request_id"] == "r1"
        assert line["value"] == 1 and line["bound"] == 1 and line["retry_after_ms"] >= 1000
        assert SECRET not in "".join(proxy.log)
        held.go.set()
        assert first.response()[0] == 200


def test_a_dry_run_says_what_it_would_have_refused():
    held = Held()
    with proxied(held, *ONE_AT_A_TIME, "--dry-run") as (proxy, _origin):
        wires = [busy(proxy, held)]
        for _ in range(3):
            wires.append(proxy.connect())
            wires[-1].send(GET)
        assert eventually(lambda: told(proxy, "would_refuse") == 3)
        assert lines(proxy, "would_refuse")[0]["reason"] == "concurrency_limit"
        assert lines(proxy, "refused") == []
        held.go.set()
        assert [wire.response()[0] for wire in wires] == [200] * 4
