// weir docs: the generated pages of docs/reference. Hidden, since it serves the project and not its
// users; a test checks that the committed pages are what this prints.
#include <cstdio>
#include <string>

#include "docs_keys.h"
#include "observe/metric.h"
#include "options.h"
#include "verbs.h"

namespace weir::cli {
namespace {

std::string flags_of(const CLI::Option& option) {
  std::string flags;
  for (const std::string& name : option.get_snames()) flags += "`-" + name + "` ";
  for (const std::string& name : option.get_lnames()) flags += "`--" + name + "` ";
  if (flags.empty()) flags = "`" + option.get_name(true) + "` ";
  flags.pop_back();
  return flags;
}

void append_options(std::string& page, const CLI::App& verb) {
  std::string rows;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_name() == "--help" || option->check_lname("help")) continue;
    std::string type = option->get_expected_max() == 0 ? "" : option->get_type_name();
    if (option->get_required()) type += " (required)";
    const std::string& fallback = option->get_default_str();
    const bool is_empty_list = fallback == "[]" || fallback == "{}";  // CLI11 2.1 and 2.4
    const bool has_default = !fallback.empty() && !is_empty_list && !type.empty();
    rows += "| " + cell(flags_of(*option)) + " | " + cell(type) + " | " +
            (has_default ? "`" + cell(fallback) + "`" : "") + " | " +
            cell(option->get_description()) + " |\n";
  }
  if (!rows.empty())
    page += "\n| option | value | default | what it does |\n|---|---|---|---|\n" + rows;
}

void append_verb(std::string& page, const CLI::App& verb, const std::string& name) {
  page += "\n## " + name + "\n\n" + verb.get_description() + "\n";
  append_options(page, verb);
  const std::string examples = verb.get_footer();
  const size_t first = examples.find("\n  ");
  if (first != examples.npos) page += "\n```\n";
  for (size_t at = first; at != examples.npos;) {
    const size_t end = examples.find('\n', at + 1);
    page += examples.substr(at + 3, end == examples.npos ? end : end - at - 3) + "\n";
    at = end;
  }
  if (first != examples.npos) page += "```\n";
  for (const CLI::App* child : verb.get_subcommands(nullptr))
    if (!child->get_group().empty()) append_verb(page, *child, name + " " + child->get_name());
}

int print_commands(const CLI::App& root) {
  std::string page = kGenerated;
  page +=
      "# Commands\n\n" + root.get_description() +
      "\n\nExit codes: 0 done, 64 the command line is wrong, 69 an address or peer cannot be had, "
      "70 internal,\n78 a file is wrong. `--help` works after every verb.\n";
  for (const CLI::App* verb : root.get_subcommands(nullptr))
    if (!verb->get_group().empty()) append_verb(page, *verb, "weir " + verb->get_name());
  std::fputs(page.c_str(), stdout);
  return 0;
}

int print_metrics() {
  std::string page = kGenerated;
  page +=
      "# Metrics\n\n`GET /metrics` on the admin address answers with these families in Prometheus "
      "text "
      "0.0.4. Units are base\nunits; ratios go from 0 to 1; no label's values grow with the number "
      "of "
      "clients.\n\n| name | type | labels | meaning |\n|---|---|---|---|\n";
  for (const observe::MetricInfo& family : observe::all_metrics()) {
    page += "| `" + std::string(family.name) + "` | " + observe::to_string(family.type) + " | ";
    for (size_t i = 0; i < family.label_count(); ++i)
      page += (i > 0 ? ", `" : "`") + std::string(family.labels[i]) + "`";
    page += " | " + cell(std::string(family.help)) + " |\n";
  }
  std::fputs(page.c_str(), stdout);
  return 0;
}

}  // namespace

void add_docs(CLI::App& parent, Action& action) {
  CLI::App& docs = add_verb(parent, "docs", "Print a generated page of the reference.",
                            {"weir docs commands", "weir docs configuration", "weir docs metrics"});
  docs.group("");
  docs.require_subcommand(1);
  docs.add_subcommand("commands", "docs/reference/commands.md")->callback([&parent, &action] {
    action = [&parent] { return print_commands(parent); };
  });
  docs.add_subcommand("configuration", "docs/reference/configuration.md")->callback([&action] {
    action = &print_configuration;
  });
  docs.add_subcommand("scenario", "docs/reference/scenario.md")->callback([&action] {
    action = &print_scenario;
  });
  docs.add_subcommand("metrics", "docs/reference/metrics.md")->callback([&action] {
    action = &print_metrics;
  });
}

}  // namespace weir::cli
