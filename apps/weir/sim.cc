// weir sim: the production engine in virtual time.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>

#include "options.h"
#include "sim/format.h"
#include "sim/report.h"
#include "verbs.h"

namespace weir::cli {
namespace {

struct Values {
  std::string path;
  std::string output = "text";
  std::string page;
  uint64_t seed = 0;
  bool has_seed = false;
};

Expected<void> write_page(const std::string& path, const sim::Report& report) {
  std::ofstream out(path);
  out << sim::to_html(report);
  out.close();
  if (out) return {};
  return Unexpected<Error>(Error{ErrorKind::kUnavailable, "cannot write '" + path + "'",
                                 "check the path given to --html"});
}

// For people who wait at a terminal; standard output stays the same bytes for the same seed.
void tell_speed(const sim::Report& report, double took) {
  if (isatty(2) == 0 || took <= 0) return;
  const double virtual_seconds = to_seconds(report.scenario.spec.end - Instant{});
  std::fprintf(stderr, "simulated in %s: %s events a second, %s times real time\n",
               sim::format_time(took).c_str(),
               sim::format_number(static_cast<double>(report.result.events) / took).c_str(),
               sim::format_number(virtual_seconds / took).c_str());
}

int run_scenario(const Values& values) {
  auto scenario = sim::load_scenario(values.path);
  if (!scenario) return fail(scenario.error());
  if (values.has_seed) scenario->seed = values.seed;
  const auto begin = std::chrono::steady_clock::now();
  const sim::Report report = sim::simulate(std::move(*scenario));
  tell_speed(report, to_seconds(std::chrono::steady_clock::now() - begin));
  const std::string text = values.output == "json"   ? sim::to_json(report)
                           : values.output == "html" ? sim::to_html(report)
                                                     : sim::to_text(report);
  std::fputs(text.c_str(), stdout);
  if (!values.page.empty())
    if (const auto written = write_page(values.page, report); !written)
      return fail(written.error());
  return report.pass() ? 0 : 1;
}

void add_schema(CLI::App& parent, Action& action) {
  add_verb(parent, "schema", "Print the JSON schema of a scenario file.", {"weir sim schema"})
      .callback(
          [&action] { action = [] { return std::puts(sim::scenario_schema().c_str()), 0; }; });
}

}  // namespace

void add_sim(CLI::App& parent, Action& action) {
  CLI::App& verb =
      add_verb(parent, "sim",
               "Run a scenario in virtual time with the engine of the proxy; exit code 1 when it "
               "is not what "
               "the scenario expects.",
               {"weir sim examples/sim/slow-service.yaml",
                "weir sim examples/sim/slow-service.yaml --html report.html", "weir sim compare"});
  const auto values = std::make_shared<Values>();
  verb.add_option("SCENARIO", values->path, "A scenario file, see examples/sim");
  CLI::Option* seed = verb.add_option("--seed", values->seed, "Instead of the scenario's own");
  verb.add_option("-o,--output", values->output, "text, json or html")
      ->check(CLI::IsMember({"text", "json", "html"}));
  verb.add_option("--html", values->page, "Write the report as a page to this file too");
  verb.require_subcommand(0, 1);
  add_sim_compare(verb, action);
  add_sim_replay(verb, action);
  add_schema(verb, action);
  verb.callback([values, seed, &verb, &action] {
    if (!verb.get_subcommands().empty()) return;  // its own callback has run already
    values->has_seed = seed->count() > 0;
    action = [values] {
      if (!values->path.empty()) return run_scenario(*values);
      return fail({ErrorKind::kUsage, "a scenario or a verb is missing",
                   "name a scenario file, as in examples/sim, or see 'weir sim --help'"});
    };
  });
}

}  // namespace weir::cli
