"""Collaborative admission: a calling weir keeps what the called one would refuse."""

from lab_helpers import load, service

from proxy_harness import Proxy, echo, running

WORKERS, SERVICE_MS = 8, 20
CAPACITY = WORKERS * 1000 // SERVICE_MS

CALLED = """
version: 1
listen: {{ http: "127.0.0.1:0", admin: "127.0.0.1:0", report_load: true }}
workers: 1
upstreams:
  service: {{ to: "{url}", concurrency: {{ mode: fixed, limit: %d }}, queue: {{ max_depth: 8 }} }}
""" % WORKERS
CALLING = """
version: 1
listen: {{ http: "127.0.0.1:0", admin: "127.0.0.1:0" }}
workers: 1
upstreams:
  called:
    to: "{url}"
    credits: {credits}
    concurrency: {{ mode: fixed, limit: 500 }}
"""


def run(tmp_path, name, text, **values):
    path = tmp_path / name
    path.write_text(text.format(**values))
    return Proxy.from_file(path)


def chain(tmp_path, credits, phase):
    """(refused by the called weir, served, refused by the calling one)."""
    with service("--workers", str(WORKERS), "--time", f"exp:{SERVICE_MS}ms") as url:
        called = run(tmp_path, "called.yaml", CALLED, url=url)
        calling = run(tmp_path, "calling.yaml", CALLING, credits=credits,
                      url=f"http://127.0.0.1:{called.port}")
        try:
            load(f"http://127.0.0.1:{calling.port}/", "--phase", phase, "--capacity",
                 f"{CAPACITY}/s", "--timeout", "2s")
            return (called.metric("weir_rejections_total"),
                    called.metric("weir_requests_total", outcome="success"),
                    calling.metric("weir_rejections_total"))
        finally:
            calling.stop()
            called.stop()


def test_with_credits_the_called_side_refuses_next_to_nothing(tmp_path):
    without, served_without, _ = chain(tmp_path, "false", "6s@10x")
    refused, served, kept = chain(tmp_path, "true", "6s@10x")
    assert without > 2000, "it was not overloaded"
    assert refused <= 0.1 * without
    assert kept > 2000
    assert served >= 0.9 * served_without


def test_load_is_reported_only_when_asked_for(tmp_path):
    text = "upstreams:\n  a: { to: $0, concurrency: { mode: fixed, limit: 16 } }\n"
    with running(tmp_path, text, echo) as (proxy, _origins):
        assert "endpoint-load-metrics" not in proxy.get()[1]
    with service() as url:
        proxy = run(tmp_path, "called.yaml", CALLED, url=url)
        try:
            report = proxy.get()[1]["endpoint-load-metrics"]
            assert report == "TEXT application_utilization=0.13,named_metrics.weir_credits=8"
            assert proxy.metric("weir_credits", upstream="service") == 9
        finally:
            proxy.stop()


def test_below_the_capacity_credits_are_not_in_the_way(tmp_path):
    refused_without, served_without, _ = chain(tmp_path, "false", "4s@0.7x")
    refused, served, kept = chain(tmp_path, "true", "4s@0.7x")
    assert refused + kept <= refused_without + 0.05 * CAPACITY * 4
    assert served >= 0.95 * served_without
