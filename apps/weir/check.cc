// weir check: what is wrong with a configuration file, all at once, without running it.
#include <cstdio>
#include <memory>
#include <string>

#include "options.h"
#include "proxy/config_file.h"
#include "verbs.h"

namespace weir::cli {
namespace {

int check(const std::string& path) {
  const auto file = proxy::load_config(path);
  if (!file) return fail(file.error());
  std::fputs(file->warnings.c_str(), stderr);
  const proxy::Options& options = file->options;
  std::printf("%s is right: %zu upstreams, %zu bulkheads, %zu routes\n", path.c_str(),
              options.upstreams.size(), options.bulkheads.size(), options.routes.size());
  return 0;
}

}  // namespace

void add_check(CLI::App& parent, Action& action) {
  CLI::App& verb =
      add_verb(parent, "check", "Tell everything that is wrong with a file for weir run.",
               {"weir check weir.yaml"});
  auto path = std::make_shared<std::string>();
  verb.add_option("FILE", *path, "The configuration file")->required();
  verb.callback([path, &action] { action = [path] { return check(*path); }; });
}

}  // namespace weir::cli
