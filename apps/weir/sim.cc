// weir sim: the production engine in virtual time.
#include <cstdio>
#include <memory>
#include <thread>

#include "options.h"
#include "sim/compare.h"
#include "verbs.h"
#include "weir/control/registry.h"

namespace weir::cli {
namespace {

struct Values {
  sim::CompareOptions options;
  bool no_peers = false;
  std::string output = "text";
};

int run_compare(Values& values) {
  values.options.with_peers = !values.no_peers;
  const bool json = values.output == "json";
  std::vector<sim::Comparison> all;
  sim::compare(values.options, [&](const std::vector<sim::Comparison>& lines) {
    if (!json) {
      std::fputs(sim::to_table(lines, all.empty()).c_str(), stdout);
      std::fflush(stdout);
    }
    all.insert(all.end(), lines.begin(), lines.end());
  });
  if (all.empty())
    return fail({ErrorKind::kUsage, "no scenario of that id", "leave --only out to see them all"});
  if (json) std::fputs(sim::to_json(all).c_str(), stdout);
  for (const sim::Comparison& line : all)
    if (!line.pass) return 1;
  return 0;
}

std::vector<std::string> law_names() {
  std::vector<std::string> names;
  for (const LimitRegistration& law : registered_limits()) names.emplace_back(law.name);
  return names;
}

void add_compare(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(parent, "compare",
                            "Run the scenario matrix with our law and with the published ones; "
                            "exit code 1 when a target is missed.",
                            {"weir sim compare", "weir sim compare --only B,K --seeds 20",
                             "weir sim compare --no-peers --seeds 3 -o json"});
  const auto values = std::make_shared<Values>();
  sim::CompareOptions& options = values->options;
  options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  verb.add_option("--only", options.only, "Ids of scenarios, comma separated")->delimiter(',');
  verb.add_option("--seeds", options.seed_count, "Seeds; the worst counts")
      ->check(CLI::Range(1, 1000));
  verb.add_option("--law", options.law, "The law that stands for ours")
      ->check(CLI::IsMember(law_names()));
  verb.add_flag("--no-peers", values->no_peers, "Leave the published laws out");
  verb.add_option("--threads", options.threads, "Seeds run at the same time")
      ->check(CLI::Range(1, 256));
  verb.add_option("-o,--output", values->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  verb.callback([&action, values] { action = [values] { return run_compare(*values); }; });
}

}  // namespace

void add_sim(CLI::App& parent, Action& action) {
  CLI::App& verb =
      add_verb(parent, "sim", "Run the engine in virtual time, against itself or others.",
               {"weir sim compare"});
  verb.require_subcommand(1);
  add_compare(verb, action);
}

}  // namespace weir::cli
