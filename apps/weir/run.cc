// weir run: the proxy with routes, upstreams and bulkheads from a file.
#include <memory>
#include <string>

#include "options.h"
#include "proxy/config_file.h"
#include "serve.h"
#include "verbs.h"

namespace weir::cli {

void add_run(CLI::App& parent, Action& action) {
  CLI::App& verb =
      add_verb(parent, "run", "Run the proxy as a file says.", {"weir run -c weir.yaml"});
  auto path = std::make_shared<std::string>();
  verb.add_option("-c,--config", *path, "The configuration file")->required();
  auto record = std::make_shared<proxy::RecorderOptions>();
  add_record(verb, *record);
  auto serving = std::make_shared<Serving>();
  add_serving(verb, *serving);
  verb.callback([path, record, serving, &action] {
    action = [path, record, serving] {
      auto file = proxy::load_config(*path);
      if (!file) return fail(file.error());
      file->options.record = *record;
      file->options.config_path = *path;
      serving->admin = file->admin;
      serving->warnings = file->warnings;
      return serve(file->options, *serving);
    };
  });
}

}  // namespace weir::cli
