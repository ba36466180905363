"""Runs the suites of `./dev test`, cheapest first, and sums them: the last line printed is exactly
"N passed, N failed". A suite that could not run at all counts as one failure.

A suite is a function that runs a command and leaves a JUnit file, or passes and fails as a whole.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Nothing may hang for ever: each suite, like each test in it, has an end.
SUITE_SECONDS_MAX = 30 * 60
SANITIZER_REPORT_MAX = 4000  # characters that are shown; the file has the rest


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


FAILED = Tally(failed=1)


def say(text):
    print(f"==> {text}", flush=True)


def read_junit(path):
    """The tally of a JUnit file; None when there is none or it cannot be read."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    tally = Tally()
    for case in root.iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"} or case.get("status") == "fail":
            tally.failed += 1
        elif "skipped" in outcomes or case.get("status") in ("disabled", "notrun"):
            tally.skipped += 1
        else:
            tally.passed += 1
    return tally


class Runner:
    def __init__(self, preset, jobs):
        self.build = ROOT / "build" / preset
        self.preset = preset
        self.jobs = jobs
        self.reports = self.build / "reports"
        self.reports.mkdir(parents=True, exist_ok=True)
        self.environment = dict(
            os.environ,
            WEIR_BIN=str(self.build / "bin" / "weir"),
            WEIR_BUILD=str(self.build),
            WEIR_PRESET=preset,
            PYTHONDONTWRITEBYTECODE="1",
            ASAN_OPTIONS="detect_leaks=1",
            UBSAN_OPTIONS="print_stacktrace=1",
            TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions="
            f"{ROOT / 'cmake' / 'tsan' / 'suppressions'}",
        )

    def command(self, words):
        """Runs a command in the root, its output passed on; True when it succeeded in time."""
        try:
            done = subprocess.run(words, cwd=ROOT, env=self.environment, timeout=SUITE_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            say(f"gave up after {SUITE_SECONDS_MAX} s: {words[0]}")
            return False
        except OSError as error:
            say(f"could not run {words[0]}: {error}")
            return False
        return done.returncode == 0

    def unrandomised(self):
        """What to put before a command: GCC's ThreadSanitizer cannot map its shadow under a fully
        random address space."""
        words = ["setarch", platform.machine(), "-R"]
        if self.preset != "tsan" or not shutil.which(words[0]):
            return []
        allowed = subprocess.run([*words, "true"], capture_output=True).returncode == 0
        return words if allowed else []

    def with_junit(self, name, words):
        """Runs words + [JUnit path]. A command that fails although its report shows no failure has
        broken down on the way, which is a failure too."""
        report = self.reports / f"{name}.xml"
        report.unlink(missing_ok=True)
        succeeded = self.command([*self.unrandomised(), *words, str(report)])
        tally = read_junit(report)
        if tally is None:
            return FAILED
        if not succeeded and tally.failed == 0:
            tally.failed += 1
        return tally

    def pytest(self, name, folder):
        if not list((ROOT / folder).glob("**/test_*.py")):
            return Tally()
        words = [sys.executable, "-m", "pytest", folder, "-p", "no:cacheprovider", "-o",
                 "junit_family=xunit2", "--tb=short", "-v", "--junit-xml"]
        return self.with_junit(name, words)

    # The suites, cheapest first.

    def tidy(self):
        return Tally(passed=1) if self.command([sys.executable, "tools/tidy"]) else FAILED

    def tools(self):
        return self.pytest("tools", "tests/tools")

    def compile(self):
        """Not a suite: what the later ones stand on."""
        return self.command(["cmake", "--preset", self.preset]) and self.command(
            ["cmake", "--build", "--preset", self.preset, "-j", str(self.jobs)])

    def unit(self):
        words = ["ctest", "--test-dir", str(self.build), "-j", str(self.jobs),
                 "--output-on-failure", "--no-tests=error", "--output-junit"]
        return self.with_junit("unit", words)

    def integration(self):
        """Sanitizers report into files here: a test need not look at how its processes ended."""
        prefix = self.reports / "sanitizer"
        for old in self.reports.glob("sanitizer.*"):
            old.unlink()
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            self.environment[name] += f":log_path={prefix}"
        tally = self.pytest("integration", "tests/integration")
        for report in sorted(self.reports.glob("sanitizer.*")):
            say(f"a process of the tests left {report.name}:")
            print(report.read_text(errors="replace")[:SANITIZER_REPORT_MAX], flush=True)
            tally.failed += 1
        return tally

    def executables(self, kind):
        """Suites in other languages: tests/KIND/NAME/run, which takes the path of a JUnit file."""
        tally = Tally()
        for run in sorted((ROOT / "tests" / kind).glob("*/run")):
            say(f"{kind}: {run.parent.name}")
            tally.add(self.with_junit(f"{kind}-{run.parent.name}", [str(run)]))
        return tally

    def conformance(self):
        return self.executables("conformance")

    def browser(self):
        return self.executables("browser")


BEFORE_BUILD = ("tidy", "tools")
AFTER_BUILD = ("unit", "integration", "conformance", "browser")


def run_suite(runner, name, total):
    say(name)
    began = time.monotonic()
    tally = getattr(runner, name)()
    total.add(tally)
    say(f"{name}: {tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped "
        f"({time.monotonic() - began:.0f} s)")
    return tally.failed == 0


def run(suites, preset, jobs):
    runner = Runner(preset, jobs)
    total = Tally()
    broken = [name for name in BEFORE_BUILD
              if name in suites and not run_suite(runner, name, total)]
    later = [name for name in AFTER_BUILD if name in suites]
    if later:
        say(f"building {preset}")
        if runner.compile():
            broken += [name for name in later if not run_suite(runner, name, total)]
        else:
            say("the build failed, so these suites could not run: " + " ".join(later))
            broken.append("build")
            total.add(Tally(failed=len(later)))
    if broken:
        say("failed: " + " ".join(broken))
    if total.skipped:
        say(f"{total.skipped} skipped")
    sys.stderr.flush()
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed or broken or total.passed == 0 else 0


def main():
    known = BEFORE_BUILD + AFTER_BUILD
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of: {' '.join(known)}")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    for name in options.suites:
        if name not in known:
            parser.error(f"there is no suite '{name}'; there are: {' '.join(known)}")
    return run(options.suites or known, options.preset, options.jobs)


if __name__ == "__main__":
    sys.exit(main())
