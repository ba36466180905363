// weir lab demo: a shop that one slow service takes down, and the same shop with weir.
#include <memory>

#include "lab/demo.h"
#include "options.h"
#include "verbs.h"

namespace weir::cli {

void add_lab_demo(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(
      parent, "demo",
      "Run a shop of real processes twice, without weir and with it, while one service is slow. "
      "Takes about 75 s; exit code 1 if a claim did not hold.",
      {"weir lab demo", "weir lab demo --html report.html --svg picture.svg"});
  const auto options = std::make_shared<lab::DemoOptions>();
  options->html_path = "weir-demo.html";
  verb.add_option("--html", options->html_path, "Where to write the report; empty for none")
      ->type_name("FILE");
  verb.add_option("--svg", options->svg_path, "Where to write the picture alone")
      ->type_name("FILE");
  verb.add_option("--logs", options->log_path, "A folder that keeps the logs of all processes")
      ->check(CLI::ExistingDirectory);
  verb.add_flag("--plain", options->plain, "Lines instead of a screen, also on a terminal");
  verb.add_option("--seed", options->plan.seed, "Seed of all draws");
  add_duration(verb, "--warm", options->plan.warm, "How long all is well at first");
  add_duration(verb, "--slow", options->plan.slow, "How long payments is slow");
  add_duration(verb, "--after", options->plan.after, "How long to watch after it has healed");
  verb.callback([&action, options] {
    action = [options] {
      const auto held = lab::run_demo(*options);
      if (!held) return fail(held.error());
      return *held ? 0 : 1;
    };
  });
}

}  // namespace weir::cli
