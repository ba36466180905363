"""What the proxy records can be replayed with any law."""

import json
import subprocess

import lab_helpers
from proxy_harness import PATIENCE, WEIR, Proxy


def replay(*words):
    return subprocess.run([WEIR, "sim", "replay", *map(str, words)], capture_output=True,
                          text=True, timeout=60)


def recorded(path):
    """A proxy before a service of 4 workers of 20 ms, at twice its capacity for three seconds."""
    with lab_helpers.service("--workers", "4", "--time", "exp:20ms") as url:
        proxy = Proxy([url], "--record", str(path))
        try:
            lab_helpers.load(f"http://127.0.0.1:{proxy.port}", "--rate", "400/s", "--for", "3s")
        finally:
            proxy.stop()


def test_what_the_proxy_records_is_replayed_exactly_and_with_another_law(tmp_path):
    path = tmp_path / "weir.rec"
    recorded(path)
    same = json.loads(replay(path, "-o", "json").stdout)
    assert same["recorded_law"] == same["law"] == "elastic"
    assert same["decisions"] > 50 and same["lost"] == 0 and not same["cut_short"]
    assert same["from_the_start"] and same["same_limit_ratio"] == 1
    assert sum(second["good_per_second"] for second in same["seconds"]) > 100

    other = replay(path, "--law", "vegas")
    assert other.returncode == 0 and "vegas" in other.stdout
    page = replay(path, "--law", "vegas", "-o", "html").stdout
    assert page.count("<svg") == 4


def test_a_bad_file_is_told_with_what_to_do(tmp_path):
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("not a recording at all")
    done = replay(nonsense)
    assert done.returncode == 78
    assert "this is not a recording of weir" in done.stderr and "--record FILE" in done.stderr
    assert replay(tmp_path / "missing").returncode == 69


def test_a_record_that_cannot_be_written_ends_the_proxy_with_69():
    done = subprocess.run([WEIR, "proxy", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                           "--to", "http://127.0.0.1:1", "--record", "/no/such/folder/weir.rec"],
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 69 and "/no/such/folder/weir.rec" in done.stderr
