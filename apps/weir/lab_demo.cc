// weir lab demo: a shop that one slow service takes down, and the same shop with weir; with --kafka
// a topic that feeds a service which turns slow.
#include <memory>

#include "lab/demo.h"
#include "lab/kafka_demo.h"
#include "options.h"
#include "verbs.h"

namespace weir::cli {
namespace {

int exit_code_of(const Expected<bool>& held) {
  if (!held) return fail(held.error());
  return *held ? 0 : 1;
}

int run(const lab::DemoOptions& options, bool kafka) {
  if (!kafka) return exit_code_of(lab::run_demo(options));
  lab::KafkaDemoOptions story;
  story.plan.warm = options.plan.warm;
  story.plan.slow = options.plan.slow;
  story.log_path = options.log_path;
  story.plain = options.plain;
  return exit_code_of(lab::run_kafka_demo(story));
}

}  // namespace

void add_lab_demo(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(
      parent, "demo",
      "Run a shop of real processes twice, without weir and with it, while one service is slow. "
      "Takes about 75 s; exit code 1 if a claim did not hold. With --kafka: a topic on a Kafka "
      "inside the process, and a bridge that feeds a slow service from it, in about 40 s.",
      {"weir lab demo", "weir lab demo --html report.html --svg picture.svg",
       "weir lab demo --kafka"});
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
  add_duration(verb, "--slow", options->plan.slow, "How long the service is slow");
  add_duration(verb, "--after", options->plan.after, "How long to watch after it has healed");
  const auto kafka = std::make_shared<bool>(false);
  CLI::Option* flag = verb.add_flag("--kafka", *kafka, "The story of a topic and a slow service");
  for (const char* other : {"--html", "--svg", "--seed", "--after"})
    flag->excludes(verb.get_option(other));
  verb.callback(
      [&action, options, kafka] { action = [options, kafka] { return run(*options, *kafka); }; });
}

}  // namespace weir::cli
