"""The command line as a stranger meets it: help, mistakes, exit codes."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "release" / "bin" / "weir"))
USAGE = 64


def weir(*words):
    return subprocess.run([WEIR, *words], capture_output=True, text=True, timeout=30)


def test_help_lists_the_verbs_and_goes_to_stdout():
    done = weir("--help")
    assert done.returncode == 0
    assert "version" in done.stdout
    assert done.stderr == ""


def test_help_of_a_verb_has_its_full_name_and_examples():
    done = weir("version", "--help")
    assert done.returncode == 0
    assert "Usage: weir version" in done.stdout
    assert "Examples:\n  weir version" in done.stdout


@pytest.mark.parametrize("words, complaint", [
    ([], "a verb is missing"),
    (["verison"], "unknown verb 'verison'; did you mean 'version'?"),
    (["frobnicate"], "unknown verb 'frobnicate'\n"),
    (["version", "--hlep"], "unknown flag '--hlep'; did you mean '--help'?"),
    (["version", "--x=1"], "unknown flag '--x'\n"),
    (["version", "extra"], "unknown argument 'extra'"),
])
def test_a_mistake_is_told_in_one_sentence_with_exit_code_64(words, complaint):
    done = weir(*words)
    assert done.returncode == USAGE
    assert complaint in done.stderr
    assert "--help' lists what there is" in done.stderr
    assert done.stdout == ""
