"""Seeds one violation a rule and sees that tools/tidy names it; and that clean code passes."""

import subprocess
import sys
from pathlib import Path

import pytest

TIDY = Path(__file__).resolve().parents[2] / "tools" / "tidy"
HEADER = "// What it is for.\n#pragma once\n"


def tidy(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return subprocess.run([sys.executable, str(TIDY), "--root", str(root)], capture_output=True,
                          text=True, timeout=60)


VIOLATIONS = [
    ("floor", "src/net/a.cc", '#include "proxy/session.h"\n'),
    ("floor", "src/net/a.cc", '#include "http/h1.h"\n'),
    ("floor", "src/http/a.cc", '#include "weir/policy/permit.h"\n'),
    ("floor", "src/observe/a.cc", '#include "weir/policy/reason.h"\n'),
    ("floor", "src/control/a.cc", '#include "weir/policy/permit.h"\n'),
    ("floor", "include/weir/base/a.h", HEADER + '#include "weir/stats/histogram.h"\n'),
    ("floor", "src/admin/a.cc", '#include "proxy/proxy.h"\n'),
    ("floor", "src/proxy/a.cc", '#include "lab/station.h"\n'),
    ("floor", "src/newcomer/a.cc", "int x;\n"),
    ("engine-header", "src/policy/a.cc", "#include <mutex>\n"),
    ("engine-header", "include/weir/control/a.h", HEADER + "#include <random>\n"),
    ("engine", "src/policy/a.cc", "auto t = std::chrono::steady_clock::now();\n"),
    ("engine", "src/stats/a.cc", "std::lock_guard lock(mutex_);\n"),
    ("engine", "src/streams/a.cc", "auto* p = new Node{1};\n"),
    ("engine", "src/policy/a.cc", 'throw std::runtime_error("no");\n'),
    ("engine", "src/control/a.cc", 'std::printf("%d", 1);\n'),
    ("switch", "src/policy/a.cc",
     "int f(Outcome o) {\n  switch (o) {\n    case Outcome::kSuccess: return 1;\n"
     "    default: return 0;\n  }\n}\n"),
    ("test", "tests/unit/policy/a_test.cc", "std::this_thread::sleep_for(1ms);\n"),
    ("test", "tests/property/policy/a_test.cc", "std::chrono::system_clock::now();\n"),
    ("banned", "src/net/a.cc", "using namespace std;\n"),
    ("banned", "src/net/a.cc", "// TO" "DO: later\n"),
    ("banned", "docs/a.md", "Run it in /wo" "rk/main.\n"),
    ("banned", "tools/a.py", "PATH = '/ho" "me/me/x'\n"),
    ("name", "src/net/EventLoop.cc", "\n"),
    ("name", "tests/unit/net/loop.cc", "TEST(A, B) {}\n"),
    ("name", "tests/fuzz/http.cc", "\n"),
    ("header", "src/net/a.h", "#pragma once\n"),
    ("header", "src/net/a.h", "// What it is for.\n"),
    ("include", "src/net/a.cc", "#include <string>\nuint8_t x;\n"),
    ("columns", "src/net/a.cc", "int x;" + " // " + "x" * 95 + "\n"),
    ("space", "src/net/a.cc", "int x; \n"),
    ("size", "src/net/a.cc", "int x;\n" * 601),
    ("size", "apps/weir/a.cc", "int x;\n" * 151),
    ("function", "src/net/a.cc", "int f(int x) {\n" + "  ++x;\n" * 70 + "}\n"),
    ("function", "src/net/a.cc", "auto f = [](int x) {\n" + "  ++x;\n" * 70 + "};\n"),
    ("function", "tools/a.py", "def f():\n" + "    pass\n" * 70),
    ("syntax", "tools/a.py", "def f(:\n"),
    ("link", "docs/a.md", "See [the page](b.md#part).\n"),
]


@pytest.mark.parametrize("rule, path, text", VIOLATIONS)
def test_names_the_seeded_violation(tmp_path, rule, path, text):
    done = tidy(tmp_path, path, text)
    assert done.returncode == 1
    first = done.stdout.splitlines()[0]
    assert first.startswith(path + ":") and f": {rule}: " in first, done.stdout


CLEAN = [
    ("src/proxy/a.cc", '#include "net/event_loop.h"\n#include "weir/policy/permit.h"\n'),
    ("src/sim/a.cc", '#include "proxy/session.h"\n'),
    ("src/streams/a.cc", '#include "weir/policy/limiter.h"\n'),
    ("src/policy/a.cc", "// Never read steady_clock here.\nconst char* text = \"std::mutex\";\n"),
    ("src/policy/a.cc", "auto p = std::make_unique<Node>();\n// a new thing (here)\n"),
    ("src/net/a.cc", "auto t = std::chrono::steady_clock::now();\nstd::mutex m;\n"),
    ("src/net/a.cc", "using namespace std::chrono_literals;\n"),
    ("src/http/a.cc", "int f(char c) {\n  switch (c) {\n    case 'k': return 1;\n"
                      "    default: return 0;\n  }\n}\n"),
    ("tests/integration/helper.cc", "sleep(1);\n"),
    ("src/net/a.cc", "namespace weir {\n" + "int f(int x) {\n  return x;\n}\n" * 30 + "}\n"),
    ("src/net/a.cc", "struct A {\n" + "  int f() const { return 1; }\n" * 80 + "};\n"),
    ("src/net/a.cc", "char quote = '\"'; int million = 1'000'000; char c = '{';\n"),
    ("docs/a.md", "A long line of prose " * 20 + "\n"),
    ("docs/a.md", "See [here](a.md#part), [above](#top), [there](https://example.org/x).\n"),
]


@pytest.mark.parametrize("path, text", CLEAN)
def test_lets_clean_code_pass(tmp_path, path, text):
    done = tidy(tmp_path, path, text)
    assert done.returncode == 0, done.stdout


def test_counts_the_line_of_the_violation(tmp_path):
    done = tidy(tmp_path, "src/policy/a.cc", "/* two\nlines */\n\nauto t = std::thread();\n")
    assert done.stdout.startswith("src/policy/a.cc:4: engine: ")
