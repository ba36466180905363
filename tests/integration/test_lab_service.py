"""The lab's service and load generator against each other, in short real runs."""

import socket
import subprocess
import time

import pytest

from lab_helpers import WEIR, http, load, service, stats


def test_a_service_completes_what_its_workers_can_and_no_more():
    with service("--workers", "8", "--time", "exp:20ms") as url:
        before = stats(url)["completions"]
        begin = time.monotonic()
        load(url, "--rate", "1200/s", "--for", "2s", "--timeout", "200ms")
        done = stats(url)["completions"] - before
        rate = done / (time.monotonic() - begin)
    assert 330 < rate < 450, f"{rate:.0f}/s; eight workers of 20 ms are 400/s"


def test_below_capacity_everybody_is_served_in_time():
    with service("--workers", "8", "--time", "const:10ms") as url:
        result = load(url, "--rate", "300/s", "--for", "2s", "--arrivals", "constant")
    total = result["total"]
    assert total["ok"] == total["sent"] == 599
    assert 10 <= total["latency_ms"]["p50"] < 20


def test_latency_counts_from_the_intended_time():
    """One worker of 100 ms at 20/s: the queue grows by one request in 100 ms. A generator that
    waited for answers would report 100 ms throughout."""
    with service("--workers", "1", "--time", "const:100ms") as url:
        result = load(url, "--rate", "20/s", "--for", "2s", "--timeout", "10s",
                      "--arrivals", "constant")
    assert result["total"]["latency_ms"]["p99"] > 1500


def test_work_for_callers_who_left_is_done_and_counted():
    with service("--workers", "1", "--time", "const:50ms") as url:
        load(url, "--rate", "100/s", "--for", "500ms", "--timeout", "100ms")
        time.sleep(1)
        now = stats(url)
    assert now["wasted"] > 10
    assert now["wasted"] < now["completions"]


def test_impatient_clients_multiply_the_load():
    with service("--fail", "100%@0s") as url:
        result = load(url, "--rate", "50/s", "--for", "1s", "--retries", "2")
    total = result["total"]
    assert total["attempts"] == 3 * total["sent"]
    assert total["failed"] == total["sent"]
    assert total["by_status"] == {"500": total["sent"]}


def test_a_full_queue_refuses_with_503():
    with service("--workers", "1", "--queue", "0", "--time", "const:300ms") as url:
        result = load(url, "--rate", "50/s", "--for", "500ms")
    assert result["total"]["refused"] > 15
    assert "503" in result["total"]["by_status"]


def test_faults_can_be_set_and_reset_by_http():
    with service("--time", "const:1ms") as url:
        assert http(url + "/lab/slow?factor=50x", "POST")[0] == 200
        begin = time.monotonic()
        assert http(url + "/")[0] == 200
        assert time.monotonic() - begin >= 0.05
        assert http(url + "/lab/fail?ratio=100%", "POST")[0] == 200
        assert http(url + "/")[0] == 500
        assert http(url + "/lab/reset", "POST")[0] == 200
        assert http(url + "/")[0] == 200
        assert stats(url)["failed"] == 1


@pytest.mark.parametrize("path, method, status", [
    ("/lab/slow?factor=10x", "GET", 405),
    ("/lab/slow?factor=10", "POST", 400),
    ("/lab/slow", "POST", 400),
    ("/lab/frobnicate", "POST", 400),
    ("/lab/fail?ratio=200%", "POST", 400),
])
def test_bad_control_calls_are_refused(path, method, status):
    with service() as url:
        assert http(url + path, method)[0] == status
        assert http(url + "/")[0] == 200


def test_a_scheduled_fault_comes_and_goes():
    with service("--time", "const:1ms", "--fail", "100%@500ms..1s") as url:
        result = load(url, "--rate", "100/s", "--for", "1500ms", "--bucket", "100ms")
    failed = [bucket["failed"] for bucket in result["timeline"]]
    assert sum(failed[:3]) == 0 and sum(failed[6:9]) > 15 and sum(failed[12:]) == 0


def test_a_service_calls_others_and_holds_a_worker_meanwhile():
    with service("--time", "const:100ms", "--name", "leaf") as leaf:
        with service("--workers", "2", "--time", "const:1ms", "--calls", f"/slow={leaf}/") as url:
            begin = time.monotonic()
            assert http(url + "/slow")[0] == 200
            assert time.monotonic() - begin > 0.1
            result = load(url + "/slow", "--rate", "60/s", "--for", "1s", "--timeout", "5s")
            total = result["total"]
            assert total["ok"] == total["sent"]
            # Two workers held for 101 ms each serve 20/s, so 60 calls take three seconds.
            assert total["latency_ms"]["p99"] > 1000
            assert http(url + "/")[0] == 200, "other paths call nobody"


def test_failed_calls_become_502_and_slow_ones_504():
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with service("--time", "const:2s") as slow:
        with service("--calls", f"/gone=http://127.0.0.1:{port}/", "--calls", f"/slow={slow}/",
                     "--call-timeout", "100ms") as url:
            assert http(url + "/gone")[0] == 502
            assert http(url + "/slow")[0] == 504
            now = stats(url)
    assert now["calls_failed"] == 1 and now["calls_timed_out"] == 1


def test_parallel_calls_take_as_long_as_the_slowest():
    with service("--time", "const:400ms") as leaf:
        with service("--time", "const:1ms", "--calls", f"{leaf}/a&{leaf}/b&{leaf}/c") as url:
            begin = time.monotonic()
            assert http(url + "/")[0] == 200
            assert 0.4 <= time.monotonic() - begin < 1.2  # one after the other


def test_large_answers_arrive_whole():
    with service("--time", "const:1ms", "--body", "8MiB") as url:
        assert len(http(url + "/")[1]) == 8 * 1024 * 1024


@pytest.mark.parametrize("words, complaint", [
    (["service", "--time", "20ms"], "not a service time"),
    (["service", "--slow", "10@1s"], "not a factor"),
    (["service", "--listen", "nonsense"], "nonsense"),
    (["load", "http://127.0.0.1:1/"], "no load to send"),
    (["load", "http://127.0.0.1:1/", "--rate", "400"], "not a rate"),
    (["load", "http://127.0.0.1:1/", "--phase", "1s@2x"], "unknown capacity"),
    (["load", "http://127.0.0.1:1/", "--rate", "1/s", "--for", "2h"], "at most one hour"),
    (["load", "http://192.0.2.1/", "--rate", "1/s"], "not on this machine"),
    (["load", "https://127.0.0.1/", "--rate", "1/s"], "http://"),
])
def test_mistakes_are_told_with_exit_code_64(words, complaint):
    done = subprocess.run([WEIR, "lab", *words], capture_output=True, text=True, timeout=10)
    assert complaint in done.stderr
    assert done.returncode == 64


def test_an_address_in_use_is_told_with_exit_code_69():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        done = subprocess.run([WEIR, "lab", "service", "--listen", address],
                              capture_output=True, text=True, timeout=10)
    assert done.returncode == 69
    assert address in done.stderr


def test_nobody_listening_is_a_result_and_not_an_error():
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    result = load(f"http://127.0.0.1:{port}/", "--rate", "50/s", "--for", "500ms")
    assert result["total"]["broken"] == result["total"]["sent"]
