// weir status: what is going on, in one sentence, and the state of everything that can refuse.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "admin_options.h"
#include "console/report.h"
#include "verbs.h"

namespace weir::cli {

void add_status(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(parent, "status",
                            "Tell in one sentence what is going on, and how full everything is.",
                            {"weir status", "weir status --admin 10.0.0.5:9901 -o json"});
  const auto options = std::make_shared<AdminOptions>();
  add_admin(verb, *options);
  add_output(verb, *options);
  verb.callback([&action, options] {
    action = [options] {
      const auto body = ask(*options, "/api/status");
      if (!body) return fail(body.error());
      const auto status = nlohmann::json::parse(*body, nullptr, false);
      if (options->json() || !status.is_object() || !status.contains("status"))
        std::fputs(body->c_str(), stdout);
      else
        std::fputs(console::status_text(status, console::Paint::for_fd(1)).c_str(), stdout);
      return 0;
    };
  });
}

}  // namespace weir::cli
