// The verbs of the command `weir`: one file each, and main.cc joins them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace weir::cli {

/// What a verb does once the command line has been read; gives the process exit code. It must not
/// throw. Runs outside the parser, so CLI11's exceptions never meet it.
using Action = std::function<int()>;

// Each function adds its verb below `parent`: options, help, examples (use add_verb of options.h),
// and a CLI11 callback that sets `action`. To add a verb: a file, a line here, a line in add_verbs
// of main.cc. Verbs of the lab go below `weir lab` (add_lab_service, add_lab_load, add_lab_demo).
void add_proxy(CLI::App& parent, Action& action);
void add_run(CLI::App& parent, Action& action);
void add_check(CLI::App& parent, Action& action);
void add_config_schema(CLI::App& parent, Action& action);
void add_bridge(CLI::App& parent, Action& action);
void add_bridge_dlq(CLI::App& parent, Action& action);
void add_sim(CLI::App& parent, Action& action);
void add_sim_replay(CLI::App& parent, Action& action);
void add_sim_compare(CLI::App& parent, Action& action);
void add_docs(CLI::App& parent, Action& action);
void add_status(CLI::App& parent, Action& action);
void add_top(CLI::App& parent, Action& action);
void add_tap(CLI::App& parent, Action& action);
void add_ctl(CLI::App& parent, Action& action);
void add_explain(CLI::App& parent, Action& action);
void add_version(CLI::App& parent, Action& action);
void add_lab(CLI::App& parent, Action& action);
void add_lab_service(CLI::App& parent, Action& action);
void add_lab_load(CLI::App& parent, Action& action);
void add_lab_demo(CLI::App& parent, Action& action);

}  // namespace weir::cli
