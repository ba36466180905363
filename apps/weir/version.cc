// weir version: which build is this.
#include <cstdio>

#include "options.h"
#include "verbs.h"

namespace weir::cli {

void add_version(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(parent, "version", "Print the version.", {"weir version"});
  verb.callback([&action] {
    action = [] {
      std::puts("weir " WEIR_VERSION);
      return 0;
    };
  });
}

}  // namespace weir::cli
