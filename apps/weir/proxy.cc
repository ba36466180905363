// weir proxy: one line puts weir before a real service.
#include <memory>
#include <string>

#include "options.h"
#include "serve.h"
#include "verbs.h"

namespace weir::cli {
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
  add_serving(verb, *serving);
  verb.callback([options, serving, &action] {
    action = [options, serving] { return serve(*options, *serving); };
  });
}

}  // namespace weir::cli
