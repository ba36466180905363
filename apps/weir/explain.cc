// weir explain: why was this request refused.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "admin_options.h"
#include "console/report.h"
#include "verbs.h"

namespace weir::cli {

void add_explain(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(
      parent, "explain", "Tell what each gate did with a request, why, and what to change.",
      {"weir explain 19caadaf0fe0f0fb", "weir explain 19caadaf0fe0f0fb -o json"});
  const auto options = std::make_shared<AdminOptions>();
  const auto id = std::make_shared<std::string>();
  verb.add_option("request_id", *id, "The request_id of the refusal, or X-Request-Id")->required();
  add_admin(verb, *options);
  add_output(verb, *options);
  verb.callback([&action, options, id] {
    action = [options, id] {
      const auto body = ask(*options, "/api/explain/" + console::percent_encoded(*id));
      if (!body) return fail(body.error());
      const auto told = nlohmann::json::parse(*body, nullptr, false);
      if (options->json() || !told.is_object())
        std::fputs(body->c_str(), stdout);
      else
        std::fputs(console::explanation_text(told, console::Paint::for_fd(1)).c_str(), stdout);
      return 0;
    };
  });
}

}  // namespace weir::cli
