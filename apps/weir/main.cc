// The command `weir`. Each verb lives in a file of its own; this one finds it, and turns what is
// wrong with a command line into one sentence and exit code 64.
#include <cstdio>
#include <exception>

#include "config/suggest.h"
#include "options.h"
#include "verbs.h"

namespace weir::cli {
namespace {

constexpr const char* kDescription =
    "weir: backpressure for services. Decides for every request: admit, wait, or refuse, and why.";

void add_verbs(CLI::App& root, Action& action) {
  add_lab(root, action);
  add_proxy(root, action);
  add_run(root, action);
  add_check(root, action);
  add_config_schema(root, action);
  add_bridge(root, action);
  add_sim(root, action);
  add_status(root, action);
  add_top(root, action);
  add_tap(root, action);
  add_explain(root, action);
  add_ctl(root, action);
  add_version(root, action);
  add_docs(root, action);
}

// The verb the user had reached when something went wrong.
const CLI::App& deepest(const CLI::App& app) {
  for (const CLI::App* verb : app.get_subcommands()) return deepest(*verb);
  return app;
}

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? "weir" : full_name(*parent) + " " + app.get_name();
}

std::string help_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.help() : app.help(full_name(*app.get_parent()));
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands(nullptr)) names.push_back(verb->get_name());
  return names;
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  // An unknown word explains more than the requirement that failed because of it.
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) {
    if (!verbs_of(app).empty()) return "a verb is missing";
    return error.what();
  }
  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  const bool is_flag = word.starts_with("-");
  const std::string guess = config::nearest(word, is_flag ? flags_of(app) : verbs_of(app));
  const char* kind = is_flag ? "flag" : verbs_of(app).empty() ? "argument" : "verb";
  std::string sentence = std::string("unknown ") + kind + " '" + word + "'";
  if (!guess.empty()) sentence += "; did you mean '" + guess + "'?";
  return sentence;
}

int usage_error(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App& verb = deepest(root);
  return fail(Error{ErrorKind::kUsage, explain(verb, error),
                    "'" + full_name(verb) + " --help' lists what there is"});
}

int run(int argc, char** argv) {
  CLI::App root{kDescription, "weir"};
  root.require_subcommand(1);
  root.get_formatter()->column_width(34);
  root.option_defaults()->always_capture_default();
  Action action;
  add_verbs(root, action);
  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(help_of(deepest(root)).c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return usage_error(root, error);
  }
  return action();
}

}  // namespace
}  // namespace weir::cli

int main(int argc, char** argv) {
  try {
    return weir::cli::run(argc, argv);
  } catch (const std::exception& error) {  // out of memory, or a bug in a verb's declaration
    return weir::cli::fail(weir::Error{weir::ErrorKind::kInternal, error.what(), ""});
  }
}
