"""--access-log: one line for each request, served or refused, and never a query."""

import json

from proxy_harness import OK, answering, eventually, proxied



def lines(proxy):
    return [one for one in map(json.loads, proxy.log) if one["event"] == "request"]


def test_each_request_has_one_line():
    with proxied(answering(OK), "--access-log", "--workers", "1") as (proxy, _origin):
        for number in range(3):
            assert proxy.get(f"/cart?secret={number}", f"X-Request-Id: r{number}\r\n")[0] == 200
        assert eventually(lambda: len(lines(proxy)) == 3)
        for number, line in enumerate(lines(proxy)):
            assert line["request_id"] == f"r{number}"
            assert line["path"] == "/cart" and line["status"] == 200
            assert line["outcome"] == "success" and line["total_ms"] > 0
        assert "secret" not in "".join(proxy.log)


def test_a_refusal_has_its_line_too_with_the_reason():
    flags = ("--access-log", "--workers", "1")
    with proxied(answering(OK), *flags) as (proxy, _origin):
        status, _, _ = proxy.get("/", "x-request-deadline-ms: 0\r\nX-Request-Id: late\r\n")
        assert status == 504
        assert eventually(lambda: any("reason" in line for line in lines(proxy)))
        refused = next(line for line in lines(proxy) if "reason" in line)
        assert refused["request_id"] == "late" and refused["status"] == 504


def test_without_the_flag_there_is_none():
    with proxied(answering(OK)) as (proxy, _origin):
        assert proxy.get()[0] == 200
    assert lines(proxy) == []
