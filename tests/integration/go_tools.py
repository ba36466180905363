"""Conformance tools in Go, built from the versions that tests/conformance/go/go.mod pins."""

import fcntl
import os
import subprocess

from proxy_harness import ROOT

MODULE = ROOT / "tests" / "conformance" / "go"
FOLDER = ROOT / "build" / "tools"

PACKAGES = {
    "h2spec": "github.com/summerwind/h2spec/cmd/h2spec",
    "interop_client": "google.golang.org/grpc/interop/client",
    "interop_server": "google.golang.org/grpc/interop/server",
}


def go_tool(name):
    """The path of a tool, built when it is not there yet."""
    path = FOLDER / name
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            # An older Go than the one installed would do; nothing may download another.
            environment = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-mod=readonly")
            subprocess.run(["go", "build", "-o", path, PACKAGES[name]], cwd=MODULE,
                           env=environment, check=True, timeout=600)
    return str(path)
