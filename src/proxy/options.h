// Options of the proxy, each documented where it stands. The defaults are what `weir proxy` uses.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "http/h1_body.h"
#include "http/h1_parser.h"
#include "http/h2_session.h"
#include "net/socket.h"
#include "net/tls.h"
#include "proxy/recorder.h"
#include "proxy/route_options.h"
#include "proxy/upstream_options.h"
#include "weir/base/time.h"

namespace weir::proxy {

using namespace std::chrono_literals;

/// One bound for each phase of an exchange; none can be turned off, since each guards a resource.
struct Timeouts {
  /// To establish a connection to an upstream. Passed: 504, and the next endpoint is tried first.
  Duration connect = 5s;
  /// From the first byte of a request to the end of its head. Passed: 408, close (slowloris).
  Duration request_head = 10s;
  /// A body must bring `body_bytes_min` in each such stretch. Missed: 408, close (slow body).
  Duration body_rate_window = 10s;
  uint64_t body_bytes_min = 1024;
  /// From the last byte of the request that went upstream to the head of the response. Passed: 504.
  Duration response = 15s;
  /// A response body that does not move, whoever is to blame. Passed: both sides are closed.
  Duration stream_idle = 300s;
  /// A caller's connection between two requests. Passed: closed.
  Duration connection_idle = 3600s;
  /// A pooled upstream connection between two requests. Servers close idle connections after 60 s
  /// to 75 s by default; staying well below avoids most races with that.
  Duration upstream_idle = 30s;
  /// After an answer that closes: how long what the caller still sends is read and dropped, so that
  /// a reset cannot destroy the answer on its way.
  Duration lingering_close = 2s;
  /// From SIGTERM to the end, whatever is still under way.
  Duration drain = 120s;
};

/// The whole proxy. Without routes, everything goes to the first upstream.
struct Options {
  /// Where to listen: "127.0.0.1:8080", ":8080", "[::1]:80", "unix:/path".
  std::string listen = ":8080";
  /// The file these options came from, for explanations; empty: flags.
  std::string config_path;
  /// What callers are shown; no identities: they speak in clear text.
  net::TlsServerOptions tls;
  /// Every connection of a caller begins with a PROXY protocol header (version 1 or 2), which says
  /// who calls. Only for listeners that nobody but the balancer can reach: it can claim anything.
  bool proxy_protocol = false;

  std::vector<UpstreamOptions> upstreams;  ///< at least one; names are unique
  std::vector<BulkheadOptions> bulkheads;
  std::vector<RouteOptions> routes;  ///< the first that matches counts

  /// Event loops, one thread each; 0: one for each CPU this process may use.
  uint16_t workers = 0;

  /// Decide and count, but refuse nobody.
  bool dry_run = false;

  /// Where the control laws' windows and decisions are kept for replay; an empty path: nowhere.
  RecorderOptions record;

  /// One log line a request, about 1 µs each (bench/observe); the log drops what it cannot write.
  bool access_log = false;
  /// Keep spans for an exporter.
  bool trace = false;

  Timeouts timeouts;
  http::HeadLimits head_limits;
  http::BodyLimits body_limits;
  http::H2Limits h2;

  /// Callers are neighbours whose claims of criticality count as they are. Others may claim less
  /// than their route gives them, never more.
  bool trust_priority = false;
  /// Tell callers on every answer how busy the upstream is and how much more it takes: an ORCA
  /// report with named_metrics.weir_credits, in place of the upstream's own.
  bool report_load = false;
  /// Pass X-Forwarded-Proto of callers on instead of writing it anew: behind a TLS terminator.
  bool trust_forwarded_proto = false;
  /// Connections of callers a worker, at most; beyond, they wait in the listen queue of the kernel.
  uint32_t connections_max = 100'000;
  /// What the kernel holds for one connection: bytes not yet sent (TCP_NOTSENT_LOWAT), and received
  /// ones (SO_RCVBUF, which it doubles for its bookkeeping). Together with 48 KiB of our own they
  /// bound what a stalled peer costs; a receive buffer of 256 KiB allows 256 MB/s at 1 ms of round
  /// trip.
  int unsent_bytes_max = 128 * 1024;
  int receive_buffer = 256 * 1024;
};

/// Applies the bounds on what the kernel holds for a TCP socket.
inline void bound_buffers(int fd, const Options& options) noexcept {
  net::set_unsent_max(fd, options.unsent_bytes_max);
  net::set_receive_buffer(fd, options.receive_buffer);
}

}  // namespace weir::proxy
