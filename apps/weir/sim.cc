// weir sim: the production engine in virtual time.
#include "options.h"
#include "verbs.h"

namespace weir::cli {

void add_sim(CLI::App& parent, Action& action) {
  CLI::App& verb =
      add_verb(parent, "sim", "Run the engine in virtual time, against itself or others.",
               {"weir sim compare"});
  verb.require_subcommand(1);
  add_sim_compare(verb, action);
}

}  // namespace weir::cli
