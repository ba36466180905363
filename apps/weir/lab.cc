// weir lab: the verbs that try weir out.
#include "verbs.h"

namespace weir::cli {

void add_lab(CLI::App& parent, Action& action) {
  CLI::App* lab = parent.add_subcommand(
      "lab", "A service with a known capacity, an open-loop load generator, and the demo.");
  lab->require_subcommand(1);
  add_lab_service(*lab, action);
  add_lab_load(*lab, action);
  add_lab_demo(*lab, action);
}

}  // namespace weir::cli
