"""h2spec, strict, against the proxy with an HTTP/1 service behind it."""

import re
import subprocess

from go_tools import go_tool
from proxy_harness import echo, proxied

CASES = 146  # of h2spec 2.2.1


def h2spec(port, *flags):
    done = subprocess.run([go_tool("h2spec"), "--strict", "-h", "127.0.0.1", "-p", str(port),
                           "-o", "5", *flags], capture_output=True, text=True, timeout=300)
    summary = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", done.stdout)
    assert summary, done.stdout + done.stderr
    failures = done.stdout[done.stdout.find("Failures:"):]
    assert summary.groups() == (str(CASES), str(CASES), "0", "0"), failures


def test_h2spec_strict_over_cleartext():
    with proxied(echo) as (proxy, _origin):
        h2spec(proxy.port)
