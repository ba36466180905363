"""weir check: the exact text for files with everything wrong, and the examples, which are right."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "release" / "bin" / "weir"))
GOLDEN = ROOT / "tests" / "golden" / "config"
EXIT_CONFIG = 78


def check(path, folder=ROOT):
    return subprocess.run([WEIR, "check", str(path)], cwd=folder, capture_output=True, text=True,
                          timeout=20)


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.yaml")))
def test_every_mistake_is_told_with_its_place(name):
    done = check(f"{name}.yaml", GOLDEN)
    wanted = (GOLDEN / f"{name}.txt").read_text()
    assert done.stderr + done.stdout == wanted
    assert done.returncode == (0 if "warnings" in name else EXIT_CONFIG)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*/weir.yaml")), ids=str)
def test_the_examples_are_right(path):
    done = check(path)
    assert done.returncode == 0 and done.stderr == "", done.stderr


def test_a_file_that_is_not_there(tmp_path):
    done = check(tmp_path / "none.yaml")
    assert done.returncode == 69 and "cannot read" in done.stderr


def test_the_schema_knows_every_key_of_the_reference():
    schema = json.loads(subprocess.check_output([WEIR, "schema"], timeout=20))
    rows = (ROOT / "docs" / "reference" / "configuration.md").read_text().splitlines()
    paths = [row.split("`")[1] for row in rows if row.startswith("| `")]
    assert len(paths) > 40
    for path in paths:
        at = schema
        for part in path.split("."):
            if part == "NAME":
                at = at["additionalProperties"]
            else:
                at = at["properties"][part.strip("[]")]
            if part.endswith("[]"):
                at = at["items"]
