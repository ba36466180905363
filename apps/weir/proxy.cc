// weir proxy: one line puts weir before a real service.
#include <memory>
#include <string>
#include <vector>

#include "options.h"
#include "serve.h"
#include "verbs.h"

namespace weir::cli {
namespace {

// Certificates and keys pair up in the order they are given.
struct TlsFlags {
  std::vector<std::string> certificates;
  std::vector<std::string> keys;
};

Expected<void> take_tls_flags(const TlsFlags& flags, proxy::Options& options) {
  if (flags.certificates.size() != flags.keys.size()) {
    return Unexpected<Error>(Error{ErrorKind::kUsage, "each --tls-cert needs its --tls-key",
                                   "give both, in the same order, as often as you like"});
  }
  for (size_t i = 0; i < flags.keys.size(); ++i)
    options.tls.identities.push_back({flags.certificates[i], flags.keys[i]});
  return {};
}

void add_transport_options(CLI::App& verb, proxy::Options& options, TlsFlags& flags) {
  proxy::UpstreamOptions& upstream = options.upstreams.front();
  verb.add_option(
      "--tls-cert", flags.certificates,
      "Speak TLS to callers, with this certificate (PEM, chain included); repeat it for "
      "more names");
  verb.add_option("--tls-key", flags.keys, "The key of each --tls-cert (PEM)");
  verb.add_option("--tls-client-ca", options.tls.client_ca_file,
                  "Callers must show a certificate that one of these signed (PEM)");
  verb.add_flag("--proxy-protocol", options.proxy_protocol,
                "Callers' connections begin with a PROXY protocol header");
  verb.add_option(
      "--upstream-ca", upstream.tls.ca_file,
      "Who may sign the certificates of https:// and h2s:// endpoints; else the system's");
  verb.add_option("--upstream-cert", upstream.tls.identity.certificate_file,
                  "What to show to endpoints that ask for a certificate (PEM)");
  verb.add_option("--upstream-key", upstream.tls.identity.key_file, "The key of --upstream-cert");
  verb.add_flag("!--upstream-insecure", upstream.tls.verify,
                "Do not check endpoints' certificates: for tests only");
  verb.add_option("--send-proxy", upstream.proxy_protocol,
                  "Name the caller to the service by the PROXY protocol, version 1 or 2")
      ->check(CLI::Range(1, 2));
}

}  // namespace

void add_proxy(CLI::App& parent, Action& action) {
  CLI::App& verb =
      add_verb(parent, "proxy", "Put weir before a service, with nothing to configure.",
               {"weir proxy --listen :8080 --to http://127.0.0.1:9000",
                "weir proxy --listen :8080 --to http://10.0.0.5:9000 --to http://10.0.0.6:9000"});
  auto options = std::make_shared<proxy::Options>();
  proxy::UpstreamOptions& upstream = options->upstreams.emplace_back();
  verb.add_option("--listen", options->listen, "Where callers connect: HOST:PORT or unix:/path");
  verb.add_option(
          "--to", upstream.targets,
          "An endpoint of the service, http:// or (HTTP/2, gRPC) h2c://; repeat it for more")
      ->required();
  auto serving = std::make_shared<Serving>();
  verb.add_option("--admin", serving->admin, "Where dashboard, metrics, state and probes are");
  verb.add_flag("--dry-run", options->dry_run, "Decide and count, but refuse nobody");
  add_record(verb, options->record);
  verb.add_option("--workers", options->workers, "Event loops; 0: one for each CPU");
  verb.add_option("--law", upstream.law, "The control law of the concurrency limit");
  verb.add_option("--limit-max", upstream.limit_max,
                  "Requests in flight, at most, whatever the law");
  verb.add_option("--queue-depth", upstream.queue.depth_max,
                  "Requests that may wait a worker; 0: none");
  add_duration(verb, "--queue-wait", upstream.queue.wait_max, "How long a request may wait");
  add_duration(verb, "--connect-timeout", options->timeouts.connect, "To connect to an endpoint");
  add_duration(verb, "--head-timeout", options->timeouts.request_head,
               "For the head of a request to come");
  add_duration(verb, "--body-timeout", options->timeouts.body_rate_window,
               "For each KiB of a request's body to come");
  add_duration(verb, "--timeout", options->timeouts.response, "For the answer to begin");
  add_duration(verb, "--stream-timeout", options->timeouts.stream_idle,
               "For a stalled answer to go on");
  add_duration(verb, "--idle-timeout", options->timeouts.connection_idle,
               "For a caller's next request");
  add_duration(verb, "--drain-timeout", options->timeouts.drain,
               "For what is under way, after SIGTERM");
  auto tls = std::make_shared<TlsFlags>();
  add_transport_options(verb, *options, *tls);
  add_serving(verb, *serving);
  verb.callback([options, serving, tls, &action] {
    action = [options, serving, tls] {
      const auto taken = take_tls_flags(*tls, *options);
      return taken ? serve(*options, *serving) : fail(taken.error());
    };
  });
}

}  // namespace weir::cli
