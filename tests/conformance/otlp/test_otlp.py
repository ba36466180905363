"""What `weir proxy --otlp URL` pushes, decoded by the definitions of opentelemetry-proto."""

import base64
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "integration"))
from proxy_harness import Wire, eventually, proxied  # noqa: E402

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
ID_FIELDS = ("traceId", "spanId", "parentSpanId")


class Collector:
    """Takes OTLP/HTTP; everything must decode, unknown fields are errors."""

    def __init__(self):
        self.metrics, self.traces, self.problems = [], [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                try:
                    outer.take(self.path, self.headers["content-type"], body)
                    self.send_response(200)
                except Exception as error:  # the test looks at the list
                    outer.problems.append(f"{self.path}: {error}: {body[:300]}")
                    self.send_response(400)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, content_type, body):
        assert content_type == "application/json"
        if path == "/v1/metrics":
            self.metrics.append(json_format.Parse(body, ExportMetricsServiceRequest()))
        elif path == "/v1/traces":
            # OTLP writes ids in hex where protobuf's JSON has base64; the one exception it makes.
            document = json.loads(body, object_hook=ids_as_base64)
            self.traces.append(json_format.ParseDict(document, ExportTraceServiceRequest()))
        else:
            raise ValueError(f"nothing is at {path}")

    def spans(self):
        return [span for request in self.traces for resource in request.resource_spans
                for scope in resource.scope_spans for span in scope.spans]

    def close(self):
        self.server.shutdown()


def ids_as_base64(item):
    for name in ID_FIELDS:
        if name in item:
            item[name] = base64.b64encode(bytes.fromhex(item[name])).decode()
    return item


def attributes(item):
    return {one.key: one.value.string_value or one.value.int_value for one in item.attributes}


def origin(heads):
    def serve(connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            heads.append(head[1])
            time.sleep(0.02)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    return serve


def test_metrics_decode_and_hold_what_was_counted():
    collector = Collector()
    with proxied(origin([]), "--otlp", collector.url) as (proxy, _):
        for _ in range(5):
            assert proxy.get()[0] == 200
        proxy.process.terminate()  # the last push holds everything
        proxy.process.wait(timeout=20)
        proxy.alive = lambda: True
    collector.close()
    assert collector.problems == []
    resource = collector.metrics[-1].resource_metrics[0]
    assert attributes(resource.resource)["service.name"] == "weir"
    metrics = {one.name: one for scope in resource.scope_metrics for one in scope.metrics}
    requests = metrics["weir_requests_total"].sum
    assert requests.is_monotonic and requests.aggregation_temporality == 2
    assert sum(point.as_double for point in requests.data_points) == 5
    duration = metrics["http.server.request.duration"]
    assert duration.unit == "s"
    point = duration.histogram.data_points[0]
    assert point.count == 5 == sum(point.bucket_counts)
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert attributes(point) == {"http.route": "default"}
    assert 0.1 < point.sum < 5
    assert "weir_concurrency_limit" in metrics and "http.client.request.duration" in metrics


def test_a_trace_goes_through_and_shows_queue_and_upstream():
    collector = Collector()
    heads = []
    with proxied(origin(heads), "--otlp", collector.url) as (proxy, _):
        status, _, _ = proxy.get("/cart", f"traceparent: 00-{TRACE}-{PARENT}-01\r\n")
        assert status == 200
        assert eventually(lambda: len(collector.spans()) >= 3)
    collector.close()
    assert collector.problems == []
    spans = collector.spans()
    server = next(span for span in spans if span.kind == 2)
    assert server.trace_id.hex() == TRACE and server.parent_span_id.hex() == PARENT
    told = attributes(server)
    assert told["http.request.method"] == "GET" and told["url.path"] == "/cart"
    assert told["http.response.status_code"] == 200 and told["weir.result"] == "success"
    queue = next(span for span in spans if span.name == "queue")
    upstream = next(span for span in spans if span.name.startswith("upstream "))
    for child in (queue, upstream):
        assert child.trace_id == server.trace_id and child.parent_span_id == server.span_id
    assert queue.end_time_unix_nano == upstream.start_time_unix_nano
    took = (upstream.end_time_unix_nano - upstream.start_time_unix_nano) / 1e9
    assert 0.02 <= took < 5
    # The service sees weir's own span as its parent.
    assert heads[0]["traceparent"] == f"00-{TRACE}-{server.span_id.hex()}-01"


def test_a_refusal_is_a_span_too():
    collector = Collector()
    flags = ("--limit-max", "1", "--queue-depth", "0", "--workers", "1", "--otlp", collector.url)
    go = threading.Event()

    def held(connection, _number):
        wire = Wire(connection)
        while wire.head() is not None:
            go.wait(20)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with proxied(held, *flags) as (proxy, _):
        first = proxy.connect()
        first.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert eventually(lambda: proxy.metric("weir_inflight") == 1)
        assert proxy.get("/", f"traceparent: 00-{TRACE}-{PARENT}-01\r\n")[0] == 503
        assert eventually(lambda: collector.spans())
        go.set()
    collector.close()
    assert collector.problems == []
    told = attributes(collector.spans()[0])
    assert told["weir.result"] == "refused" and told["weir.reason"] == "concurrency_limit"
    assert told["http.response.status_code"] == 503


def test_without_a_collector_requests_are_served_and_the_failure_is_counted():
    with proxied(origin([]), "--otlp", "http://127.0.0.1:9") as (proxy, _):
        assert proxy.get()[0] == 200
        assert eventually(
            lambda: proxy.metric("weir_otlp_pushes_total", signal="metrics", result="failed") > 0)
        assert eventually(lambda: any("otlp_failed" in line for line in proxy.log))


def test_unsampled_traces_leave_no_span_and_still_go_through():
    collector = Collector()
    heads = []
    with proxied(origin(heads), "--otlp", collector.url) as (proxy, _):
        assert proxy.get("/", f"traceparent: 00-{TRACE}-{PARENT}-00\r\n")[0] == 200
        assert proxy.get("/", f"traceparent: 00-{TRACE[::-1]}-{PARENT}-01\r\n")[0] == 200
        assert eventually(lambda: collector.spans())
    collector.close()
    assert {span.trace_id.hex() for span in collector.spans()} == {TRACE[::-1]}
    assert heads[0]["traceparent"].startswith(f"00-{TRACE}-") and \
        heads[0]["traceparent"].endswith("-00")
