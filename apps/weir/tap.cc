// weir tap: requests as they are decided, a line each.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "admin_options.h"
#include "console/report.h"
#include "verbs.h"

namespace weir::cli {
namespace {

struct TapOptions : AdminOptions {
  bool rejected = false;
  std::string route;
  uint64_t count = 0;
};

std::string target_of(const TapOptions& options) {
  std::string target = "/api/tap?";
  if (options.rejected) target += "rejected&";
  if (!options.route.empty()) target += "route=" + console::percent_encoded(options.route);
  return target;
}

int run_tap(const TapOptions& options) {
  const auto client = console::AdminClient::make(options.admin);
  if (!client) return fail(client.error());
  const console::Paint paint = console::Paint::for_fd(1);
  uint64_t seen = 0;
  const auto ended = client->stream(
      target_of(options),
      [&](std::string_view name, std::string_view data) {
        if (name == "skipped") {
          std::fprintf(stderr, "weir: %.*s more were left out, they come too fast to print\n",
                       static_cast<int>(data.size()), data.data());
          return true;
        }
        const auto told = nlohmann::json::parse(data, nullptr, false);
        const std::string line = options.json() || !told.is_object()
                                     ? std::string(data) + "\n"
                                     : console::tap_line(told, paint);
        // Whoever reads has gone (head, less): that is an end, and no failure.
        if (std::fputs(line.c_str(), stdout) < 0 || std::fflush(stdout) != 0) return false;
        return ++seen != options.count;
      },
      [] { return true; });
  return ended ? 0 : fail(ended.error());
}

}  // namespace

void add_tap(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(
      parent, "tap",
      "Show requests as they are decided: every refusal and failure, and one "
      "in 64 of what was served.",
      {"weir tap", "weir tap --rejected --route checkout", "weir tap --rejected -n 1 -o json"});
  const auto options = std::make_shared<TapOptions>();
  verb.add_flag("--rejected", options->rejected, "Only what was refused");
  verb.add_option("--route", options->route, "Only this route")->type_name("NAME");
  verb.add_option("-n,--count", options->count, "End after so many; 0: never");
  add_admin(verb, *options);
  add_output(verb, *options);
  verb.callback([&action, options] { action = [options] { return run_tap(*options); }; });
}

}  // namespace weir::cli
