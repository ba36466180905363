"""The sum that ./dev test prints cannot hide a failure."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import run_tests  # noqa: E402
from run_tests import Runner, Tally, read_junit, run  # noqa: E402

JUNIT = """<testsuites><testsuite>
  <testcase name="a"/>
  <testcase name="b"><failure message="no"/></testcase>
  <testcase name="c"><error message="no"/></testcase>
  <testcase name="d"><skipped/></testcase>
  <testcase name="e" status="run"><system-out/></testcase>
  <testcase name="f" status="fail"/>
  <testcase name="g" status="notrun"/>
</testsuite></testsuites>"""


def test_reads_what_ctest_and_pytest_write(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(JUNIT)
    assert read_junit(report) == Tally(passed=2, failed=3, skipped=2)


@pytest.mark.parametrize("text", [None, "", "<testsuite>"])
def test_no_report_is_no_tally(tmp_path, text):
    report = tmp_path / "report.xml"
    if text is not None:
        report.write_text(text)
    assert read_junit(report) is None


@pytest.fixture
def runner(tmp_path, monkeypatch):
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    return Runner("release", 1)


def writer(text, code):
    """A suite that writes `text` to the JUnit path and exits with `code`."""
    program = f"import sys; open(sys.argv[1], 'w').write({text!r}); sys.exit({code})"
    return [sys.executable, "-c", program]


def test_a_suite_that_breaks_down_without_a_failed_test_is_a_failure(runner):
    passing = "<testsuite><testcase name='a'/></testsuite>"
    assert runner.with_junit("x", writer(passing, 0)) == Tally(passed=1)
    assert runner.with_junit("x", writer(passing, 1)) == Tally(passed=1, failed=1)


def test_a_suite_without_a_report_is_a_failure(runner):
    assert runner.with_junit("x", [sys.executable, "-c", ""]) == Tally(failed=1)
    assert runner.with_junit("x", ["/no/such/program"]) == Tally(failed=1)


def test_an_old_report_is_not_read_again(runner):
    runner.with_junit("x", writer("<testsuite><testcase name='a'/></testsuite>", 0))
    assert runner.with_junit("x", [sys.executable, "-c", ""]) == Tally(failed=1)


class FakeRunner:
    builds = True
    tallies = {}

    def __init__(self, preset, jobs):
        pass

    def compile(self):
        return self.builds

    def __getattr__(self, suite):
        return lambda: self.tallies.get(suite, Tally())


def last_line(monkeypatch, capsys, builds=True, **tallies):
    monkeypatch.setattr(run_tests, "Runner", FakeRunner)
    monkeypatch.setattr(FakeRunner, "builds", builds)
    monkeypatch.setattr(FakeRunner, "tallies", tallies)
    code = run(run_tests.BEFORE_BUILD + run_tests.AFTER_BUILD, "release", 1)
    return code, capsys.readouterr().out.splitlines()[-1]


def test_the_last_line_is_the_sum_of_all_suites(monkeypatch, capsys):
    assert last_line(monkeypatch, capsys, unit=Tally(passed=5), integration=Tally(
        passed=2, skipped=3)) == (0, "7 passed, 0 failed")
    assert last_line(monkeypatch, capsys, unit=Tally(passed=5), tidy=Tally(failed=1)) == (
        1, "5 passed, 1 failed")


def test_a_failed_build_fails_every_suite_that_needs_it(monkeypatch, capsys):
    code, line = last_line(monkeypatch, capsys, builds=False, tidy=Tally(passed=1))
    assert code == 1 and line == f"1 passed, {len(run_tests.AFTER_BUILD)} failed"


def test_nothing_run_is_no_success(monkeypatch, capsys):
    assert last_line(monkeypatch, capsys) == (1, "0 passed, 0 failed")
