"""Starts lab services and loads for the integration tests; whatever was started is stopped."""

import contextlib
import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "release" / "bin" / "weir"))


@contextlib.contextmanager
def service(*flags):
    """A running `weir lab service`; gives its URL."""
    process = subprocess.Popen([WEIR, "lab", "service", "--listen", "127.0.0.1:0", *flags],
                               stdout=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline()
        yield re.search(r"http://\S+", first).group()
    finally:
        process.terminate()
        code = process.wait(timeout=10)
        process.stdout.close()
    assert code == 0, "the service ends cleanly; a sanitizer would complain here"


def load(url, *flags, timeout=60):
    """The JSON of a finished `weir lab load`."""
    done = subprocess.run([WEIR, "lab", "load", url, "-o", "json", *flags],
                          capture_output=True, text=True, timeout=timeout, check=True)
    return json.loads(done.stdout)


def http(url, method="GET"):
    """Status and body, errors included."""
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def stats(url):
    return json.loads(http(url + "/lab/stats")[1])
