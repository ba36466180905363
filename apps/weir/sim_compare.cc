// weir sim compare: our law and the published ones against the scenario matrix.
#include <unistd.h>

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

// One line on a terminal's standard error, written over and over, and wiped before a row is shown.
void show_progress(const std::string& row, size_t done, size_t all) {
  std::fprintf(stderr, "\r%s: peers, %zu of %zu runs\033[K", row.c_str(), done, all);
}

int run(Values& values) {
  values.options.with_peers = !values.no_peers;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) values.options.progress = show_progress;
  const bool json = values.output == "json";
  std::vector<sim::Comparison> all;
  sim::compare(values.options, [&](const std::vector<sim::Comparison>& lines) {
    if (terminal) std::fputs("\r\033[K", stderr);
    if (!json) {
      std::fputs(sim::to_table(lines, all.empty()).c_str(), stdout);
      std::fflush(stdout);
    }
    all.insert(all.end(), lines.begin(), lines.end());
  });
  if (all.empty())
    return fail({ErrorKind::kUsage, "no scenario of that id", "leave --only out to see them all"});
  size_t passed = 0;
  for (const sim::Comparison& line : all) passed += line.pass ? 1 : 0;
  if (json)
    std::fputs(sim::to_json(all).c_str(), stdout);
  else
    std::printf("%zu of %zu targets met in the worst of %d seeds\n", passed, all.size(),
                values.options.seeds.count);
  return passed == all.size() ? 0 : 1;
}

std::vector<std::string> law_names() {
  std::vector<std::string> names;
  for (const LimitRegistration& law : registered_limits()) names.emplace_back(law.name);
  return names;
}

std::vector<std::string> peer_names() {
  std::vector<std::string> names;
  for (const sim::Contestant& peer : sim::peers()) names.push_back(peer.name);
  return names;
}

}  // namespace

void add_sim_compare(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(
      parent, "compare",
      "Run the scenario matrix with our law and with the published ones; "
      "exit code 1 when a target is missed.",
      {"weir sim compare", "weir sim compare --only B,K --seeds 20",
       "weir sim compare --peers brpc,vegas", "weir sim compare --no-peers --seeds 3 -o json"});
  const auto values = std::make_shared<Values>();
  sim::CompareOptions& options = values->options;
  options.seeds.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  verb.add_option("--only", options.only, "Ids of scenarios, comma separated")->delimiter(',');
  verb.add_option("--seeds", options.seeds.count, "Seeds; the worst counts")
      ->check(CLI::Range(1, 1000));
  verb.add_option("--first-seed", options.seeds.first, "The first of the seeds");
  verb.add_option("--law", options.law, "The law that stands for ours")
      ->check(CLI::IsMember(law_names()));
  CLI::Option* peers =
      verb.add_option("--peers", options.peers, "Peers to compare with, comma separated")
          ->delimiter(',')
          ->check(CLI::IsMember(peer_names()));
  verb.add_flag("--no-peers", values->no_peers, "Leave peers and yardsticks out")->excludes(peers);
  verb.add_option("--threads", options.seeds.threads, "Seeds run at the same time")
      ->check(CLI::Range(1, 256));
  verb.add_option("-o,--output", values->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  verb.callback([&action, values] { action = [values] { return run(*values); }; });
}

}  // namespace weir::cli
