// weir schema: the JSON schema of the configuration file, for editors.
#include <cstdio>

#include "options.h"
#include "proxy/config_file.h"
#include "verbs.h"

namespace weir::cli {

void add_config_schema(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(parent, "schema", "Print the JSON schema of the file for weir run.",
                            {"weir schema >weir.schema.json"});
  verb.callback(
      [&action] { action = [] { return std::puts(proxy::config_schema().c_str()) < 0 ? 1 : 0; }; });
}

}  // namespace weir::cli
