// weir ctl: change a running weir.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "admin_options.h"
#include "verbs.h"

namespace weir::cli {
namespace {

struct CtlOptions : AdminOptions {
  std::string upstream;
  std::string name;
  std::string value;
  Duration open_for = std::chrono::seconds(30);
  bool yes = false;
};

// A person at a terminal is asked; a script says --yes. Nothing is changed by accident.
bool confirmed(const CtlOptions& options, const std::string& what) {
  if (options.yes) return true;
  if (isatty(0) == 0) return false;
  std::fprintf(stderr, "%s at %s? [y/N] ", what.c_str(), options.admin.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

int change(const CtlOptions& options, const std::string& what, const std::string& target) {
  if (!confirmed(options, what))
    return fail({ErrorKind::kUsage, "nothing was changed", "answer y, or give --yes"});
  const auto body = ask(options, target, true);
  if (!body) return fail(body.error());
  const auto changed = nlohmann::json::parse(*body, nullptr, false);
  if (options.json() || !changed.is_object())
    std::fputs(body->c_str(), stdout);
  else
    std::printf("%s: %s → %s\n", changed.value("changed", "").c_str(),
                changed.value("before", "").c_str(), changed.value("after", "").c_str());
  return 0;
}

std::string query_of(const CtlOptions& options) {
  return "?upstream=" + console::percent_encoded(options.upstream);
}

void add_common(CLI::App& verb, CtlOptions& options, bool with_upstream) {
  if (with_upstream)
    verb.add_option("--upstream", options.upstream, "Which one, where there are several")
        ->type_name("NAME");
  verb.add_flag("--yes", options.yes, "Do not ask");
  add_admin(verb, options);
  add_output(verb, options);
}

void add_set(CLI::App& ctl, Action& action, const std::shared_ptr<CtlOptions>& options) {
  CLI::App& verb = add_verb(ctl, "set", "Set a bound until weir ends.",
                            {"weir ctl set limit_max 200 --upstream orders"});
  verb.add_option("name", options->name, "limit_max or limit_min")->required();
  verb.add_option("value", options->value, "The new value")->required();
  add_common(verb, *options, true);
  verb.callback([&action, options] {
    action = [options] {
      return change(*options, "set " + options->name + " to " + options->value,
                    "/api/ctl/set" + query_of(*options) +
                        "&name=" + console::percent_encoded(options->name) +
                        "&value=" + console::percent_encoded(options->value));
    };
  });
}

void add_breaker(CLI::App& ctl, Action& action, const std::shared_ptr<CtlOptions>& options) {
  CLI::App& verb = add_verb(ctl, "breaker", "Open or close a breaker by hand.",
                            {"weir ctl breaker open --for 60s --upstream orders",
                             "weir ctl breaker closed --upstream orders"});
  verb.add_option("state", options->value, "open or closed")
      ->required()
      ->check(CLI::IsMember({"open", "closed"}));
  add_duration(verb, "--for", options->open_for, "How long it stays open before it probes");
  add_common(verb, *options, true);
  verb.callback([&action, options] {
    action = [options] {
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(options->open_for).count();
      return change(*options, options->value == "open" ? "open the breaker" : "close the breaker",
                    "/api/ctl/breaker" + query_of(*options) + "&state=" + options->value +
                        "&for=" + std::to_string(seconds));
    };
  });
}

void add_drain(CLI::App& ctl, Action& action, const std::shared_ptr<CtlOptions>& options) {
  CLI::App& verb =
      add_verb(ctl, "drain", "End weir in good order, as SIGTERM does.", {"weir ctl drain --yes"});
  add_common(verb, *options, false);
  verb.callback([&action, options] {
    action = [options] { return change(*options, "drain and end weir", "/api/ctl/drain"); };
  });
}

}  // namespace

void add_ctl(CLI::App& parent, Action& action) {
  CLI::App& ctl =
      add_verb(parent, "ctl", "Change a running weir; each change is confirmed and logged.",
               {"weir ctl set limit_max 200", "weir ctl breaker open --for 60s", "weir ctl drain"});
  ctl.require_subcommand(1);
  const auto options = std::make_shared<CtlOptions>();
  add_set(ctl, action, options);
  add_breaker(ctl, action, options);
  add_drain(ctl, action, options);
}

}  // namespace weir::cli
