// weir lab load: open-loop load from many impatient clients.
#include <memory>

#include "lab/run_load.h"
#include "lab/units.h"
#include "lab_options.h"
#include "verbs.h"

namespace weir::cli {
namespace {

struct Values {
  double rate = 0;
  Duration length = std::chrono::seconds(10);
  double capacity = 0;
  std::vector<std::string> phases;
  std::string arrivals = "poisson";
  std::string output = "text";
  lab::LoadRunOptions options;
};

int run(Values& values) {
  lab::LoadRunOptions& options = values.options;
  if (values.arrivals == "constant") options.arrivals = lab::Arrivals::kConstant;
  options.json = values.output == "json";
  if (values.rate > 0) options.phases.push_back({values.length, values.rate});
  for (const std::string& text : values.phases) {
    const auto phase = lab::parse_phase(text, values.capacity);
    if (!phase) return fail(phase.error());
    options.phases.push_back(*phase);
  }
  const auto ran = lab::run_load(options);
  return ran ? 0 : fail(ran.error());
}

}  // namespace

void add_lab_load(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(
      parent, "load",
      "Send requests at a given rate whatever the answers, and measure from the intended time.",
      {"weir lab load http://127.0.0.1:9000/ --rate 400/s --for 30s",
       "weir lab load http://127.0.0.1:9000/ --capacity 400/s --phase 5s@0.7x --phase 10s@10x",
       "weir lab load http://127.0.0.1:9000/ --rate 100/s --retries 2 -o json"});
  const auto values = std::make_shared<Values>();
  lab::LoadRunOptions& options = values->options;
  verb.add_option("url", options.url, "Whom to ask: http://HOST[:PORT][/PATH]")->required();
  add_parsed(verb, "--rate", values->rate, lab::parse_rate, "RATE", "Requests a second: 400/s");
  add_duration(verb, "--for", values->length, "How long --rate lasts");
  verb.add_option("--phase", values->phases, "A stretch of load: 10s@400/s or 10s@0.7x; repeatable")
      ->type_name("PHASE");
  add_parsed(verb, "--capacity", values->capacity, lab::parse_rate, "RATE",
             "What 1x means in --phase");
  verb.add_option("--arrivals", values->arrivals, "poisson or constant")
      ->check(CLI::IsMember({"poisson", "constant"}));
  add_duration(verb, "--timeout", options.habits.timeout, "Patience for one attempt");
  verb.add_option("--retries", options.habits.retries, "Attempts after the first one, at once")
      ->check(CLI::Range(0, lab::Load::kRetriesMax));
  verb.add_flag("--obey-retry-after", options.habits.obeys_retry_after,
                "Wait as long as the answer says before a retry");
  verb.add_option("--body", options.body_bytes, "POST so many bytes instead of a GET")
      ->check(CLI::Range(size_t{0}, lab::kLoadBodyMax));
  verb.add_option("--connections", options.connections_max, "The most connections to open");
  add_duration(verb, "--bucket", options.bucket, "Resolution of the timeline in JSON");
  verb.add_option("--seed", options.seed, "Seed of the arrivals");
  verb.add_option("-o,--output", values->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  verb.add_flag("--allow-remote", options.allow_remote,
                "Allow a target that is not on this machine");
  verb.callback([&action, values] { action = [values] { return run(*values); }; });
}

}  // namespace weir::cli
