// weir lab service: a real HTTP service with a known capacity, and faults on demand.
#include <memory>

#include "lab/run_service.h"
#include "lab/units.h"
#include "lab_options.h"
#include "verbs.h"

namespace weir::cli {
namespace {

struct Values {
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> slow, fail, lose, calls;
  lab::ServiceOptions options;
};

int run(Values& values) {
  const auto listen = net::Address::resolve(values.listen);
  if (!listen) return cli::fail(listen.error());
  for (const std::string& text : values.slow)
    if (auto added = values.options.faults.add_slow(text); !added) return cli::fail(added.error());
  for (const std::string& text : values.fail)
    if (auto added = values.options.faults.add_fail(text); !added) return cli::fail(added.error());
  for (const std::string& text : values.lose)
    if (auto added = values.options.faults.add_lost(text); !added) return cli::fail(added.error());
  for (const std::string& text : values.calls) {
    auto route = lab::parse_call_route(text);
    if (!route) return cli::fail(route.error());
    values.options.calls.push_back(std::move(*route));
  }
  const auto served = lab::run_service(*listen, values.options);
  return served ? 0 : cli::fail(served.error());
}

}  // namespace

void add_lab_service(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(parent, "service",
                            "Serve HTTP with N workers and a given service time; be slow or fail "
                            "when told to.",
                            {"weir lab service --listen 127.0.0.1:9000 --workers 8 --time exp:20ms",
                             "weir lab service --listen :9000 --slow 10x@20s..40s",
                             "curl -X POST '127.0.0.1:9000/lab/slow?factor=10x'"});
  const auto values = std::make_shared<Values>();
  lab::ServiceOptions& options = values->options;
  verb.add_option("--listen", values->listen, "Address; port 0 picks a free one")
      ->type_name("ADDR");
  verb.add_option("--name", options.name, "Name in answers and statistics")->type_name("NAME");
  verb.add_option("--workers", options.station.workers, "Requests worked on at the same time")
      ->check(CLI::Range(1, 100'000));
  verb.add_option("--queue", options.station.queue_max, "Requests that may wait for a worker");
  add_parsed(verb, "--time", options.service_time, lab::ServiceTime::parse, "DIST",
             "Service time: const:20ms, exp:20ms, bimodal:10ms,200ms,10%, lognormal:20ms,1.0")
      ->default_str("exp:20ms");
  verb.add_option("--slow", values->slow, "Slower for a while: 10x@20s..40s")->type_name("FAULT");
  verb.add_option("--fail", values->fail, "Fail a share: 50%@20s..40s")->type_name("FAULT");
  verb.add_option("--lose", values->lose, "Lose workers: 6@20s..40s")->type_name("FAULT");
  verb.add_option("--calls", values->calls,
                  "Services to call before answering: [/PREFIX=]URL,URL in turn, URL&URL at once")
      ->type_name("CALLS");
  add_duration(verb, "--call-timeout", options.call_timeout, "Patience for one call");
  add_duration(verb, "--cpu", options.cpu, "CPU time to burn for each request");
  add_parsed(verb, "--body", options.body_bytes, lab::parse_size, "SIZE", "Size of an answer")
      ->default_str("128B");
  verb.add_option("--seed", options.seed, "Seed of all draws");
  verb.callback([&action, values] { action = [values] { return run(*values); }; });
}

}  // namespace weir::cli
