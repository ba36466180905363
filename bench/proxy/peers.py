"""Configurations of the proxies that bench/proxy compares: one worker each, no logs, every listener
that the cases need. A proxy that is not installed, or cannot do a case, is left out."""

import json
import os
import shutil
from pathlib import Path

ENVOY = os.environ.get("ENVOY") or shutil.which("envoy")
SBIN = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"

HAPROXY = """
global
  nbthread 1
  tune.ssl.default-dh-param 2048
defaults
  mode http
  timeout connect 5s
  timeout client 3600s
  timeout server 60s
  http-reuse always
  option forwardfor
frontend plain
  bind 127.0.0.1:{plain}
  default_backend b
frontend h2c
  bind 127.0.0.1:{h2c} proto h2
  default_backend b
frontend grpc
  bind 127.0.0.1:{grpc_in} proto h2
  default_backend g
frontend tls
  bind 127.0.0.1:{tls} ssl crt {folder}/both.pem alpn h2,http/1.1
  default_backend b
backend b
  server s 127.0.0.1:{upstream} maxconn 2048
backend g
  server s 127.0.0.1:{grpc} proto h2 maxconn 2048
"""

NGINX = """
worker_processes 1;
worker_rlimit_nofile 50000;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 40000; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  http2_max_concurrent_streams 128;
  ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
  ssl_session_tickets on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream u {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; }}
  upstream g {{ server 127.0.0.1:{grpc}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{h2c} http2;
    listen 127.0.0.1:{tls} ssl http2;
    location / {{
      proxy_pass http://u;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
  server {{
    listen 127.0.0.1:{grpc_in} http2;
    location / {{ grpc_pass grpc://g; }}
  }}
}}
"""

H2O = """
num-threads: 1
max-connections: 20000
http1-request-timeout: 3600
http2-idle-timeout: 3600
listen:
  host: 127.0.0.1
  port: {port}
{ssl}hosts:
  default:
    paths:
      /: {{ proxy.reverse.url: "http://127.0.0.1:{upstream}/" }}
proxy.preserve-host: ON
proxy.timeout.keepalive: 60000
"""


H2O_SSL = """  ssl:
    certificate-file: {folder}/cert.pem
    key-file: {folder}/key.pem
"""


def envoy(ports):
    types = "type.googleapis.com/envoy.extensions"
    h2_options = f"{types}.upstreams.http.v3.HttpProtocolOptions"

    def address(number):
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    def listener(port, cluster, tls=False):
        manager = {
            "@type": f"{types}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "front", "use_remote_address": True,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                {"match": {"prefix": "/"}, "route": {"cluster": cluster}}]}]},
            "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
                "@type": f"{types}.filters.http.router.v3.Router"}}]}
        chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager",
                              "typed_config": manager}]}
        if tls:
            folder = ports["folder"]
            chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": {
                "@type": f"{types}.transport_sockets.tls.v3.DownstreamTlsContext",
                "common_tls_context": {"alpn_protocols": ["h2", "http/1.1"], "tls_certificates": [
                    {"certificate_chain": {"filename": f"{folder}/cert.pem"},
                     "private_key": {"filename": f"{folder}/key.pem"}}]}}}
        return {"address": address(port), "filter_chains": [chain]}

    def cluster(name, port, h2=False):
        made = {"name": name, "type": "STATIC", "circuit_breakers": {"thresholds": [
            {"max_connections": 100000, "max_requests": 100000, "max_pending_requests": 100000}]},
            "load_assignment": {"cluster_name": name, "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": address(port)}}]}]}}
        if h2:
            made["typed_extension_protocol_options"] = {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": h2_options, "explicit_http_config": {"http2_protocol_options": {}}}}
        return made

    return json.dumps({"static_resources": {
        "listeners": [listener(ports["plain"], "b"), listener(ports["h2c"], "b"),
                      listener(ports["tls"], "b", tls=True), listener(ports["grpc_in"], "g")],
        "clusters": [cluster("b", ports["upstream"]), cluster("g", ports["grpc"], h2=True)]}})


def written(folder, name, text):
    path = Path(folder, name)
    path.write_text(text)
    return path


def commands(weir, ports):
    """{proxy: [command line, ...]}; a proxy may be several processes, one a listener."""
    folder = ports["folder"]

    def one(listen, to, *flags):
        return [weir, "proxy", "--workers", "1", "--listen", f"127.0.0.1:{listen}", "--admin",
                "127.0.0.1:0", "--to", to, *flags]

    http = f"http://127.0.0.1:{ports['upstream']}"
    tls = ("--tls-cert", f"{folder}/cert.pem", "--tls-key", f"{folder}/key.pem")
    # weir and h2o get a process for each listener, in the order of bench/proxy/run's LISTENERS.
    made = {"weir": [one(ports["plain"], http), one(ports["h2c"], http),
                     one(ports["tls"], http, *tls),
                     one(ports["grpc_in"], f"h2c://127.0.0.1:{ports['grpc']}")]}
    if (binary := shutil.which("haproxy", path=SBIN)):
        made["haproxy"] = [[binary, "-f", written(folder, "haproxy.cfg",
                                                  HAPROXY.format(**ports))]]
    if (binary := shutil.which("nginx", path=SBIN)):
        made["nginx"] = [[binary, "-c", written(folder, "nginx.conf", NGINX.format(**ports)),
                          "-p", folder]]
    if (binary := shutil.which("h2o", path=SBIN)):
        made["h2o"] = [[binary, "-c", written(folder, f"h2o-{listener}.yaml", H2O.format(
            port=ports[listener], upstream=ports["upstream"],
            ssl=H2O_SSL.format(**ports) if listener == "tls" else ""))]
                       for listener in ("plain", "h2c", "tls")]
    if ENVOY:
        made["envoy"] = [[ENVOY, "-c", written(folder, "envoy.json", envoy(ports)),
                          "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "off"]]
    return made
