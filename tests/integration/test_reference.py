"""The committed pages of docs/reference are what the program prints."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "release" / "bin" / "weir"))


@pytest.mark.parametrize("page", ["commands", "configuration", "metrics", "scenario"])
def test_the_page_is_up_to_date(page):
    printed = subprocess.run([WEIR, "docs", page], capture_output=True, text=True, timeout=30)
    assert printed.returncode == 0
    committed = (ROOT / "docs" / "reference" / f"{page}.md").read_text()
    assert printed.stdout == committed, "run ./dev docs and commit the result"
