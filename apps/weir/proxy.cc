// weir proxy: one line puts weir before a real service.
#include <csignal>
#include <string>

#include "admin/server.h"
#include "net/signals.h"
#include "observe/log.h"
#include "observe/process_source.h"
#include "observe/registry.h"
#include "options.h"
#include "proxy/server.h"
#include "verbs.h"

namespace weir::cli {
namespace {

int run_proxy(const proxy::Options& options, const std::string& admin_address) {
  net::block_signals({SIGTERM, SIGINT});  // before the log starts its thread
  observe::Registry registry(proxy::Server::worker_count(options));
  observe::LogOptions log_options;
  log_options.format = observe::log_format_for(2);
  observe::Log log(log_options);
  const observe::ProcessSource process(log, WEIR_VERSION);
  registry.add_source(process);
  observe::EventRing events;
  auto server = proxy::Server::make(options, registry, {&events, &log});
  if (!server) return fail(server.error());
  proxy::Server& running = **server;

  admin::Routes routes({registry, running, events, WEIR_VERSION, &running.explanations()});
  const auto address = net::Address::resolve(admin_address);
  if (!address) return fail(address.error());
  auto admin = admin::Server::open(*address, routes);
  if (!admin) return fail(admin.error());

  // The first signal drains, the second ends.
  bool asked = false;
  net::SignalWatcher signals(running.first_loop(), {SIGTERM, SIGINT}, [&](int) {
    if (asked) return running.stop();
    asked = true;
    log.write(observe::LogLevel::kInfo, "draining", "finishing what is under way");
    running.drain();
  });
  log.write(observe::LogLevel::kInfo, "listening", "ready",
            {{"address", running.address().to_string()},
             {"admin", (*admin)->address().to_string()},
             {"upstream", running.clusters().front()->name()},
             {"law", options.upstreams.front().law},
             {"dry_run", options.dry_run}});
  running.run();
  log.write(observe::LogLevel::kInfo, "stopped", "all done");
  return 0;
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
  verb.add_option("--to", upstream.targets, "An endpoint of the service; repeat it for more")
      ->required();
  auto admin = std::make_shared<std::string>("127.0.0.1:9901");
  verb.add_option("--admin", *admin, "Where metrics, state and probes are read");
  verb.add_flag("--dry-run", options->dry_run, "Decide and count, but refuse nobody");
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
  verb.callback([options, admin, &action] {
    action = [options, admin] { return run_proxy(*options, *admin); };
  });
}

}  // namespace weir::cli
