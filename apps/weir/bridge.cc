// weir bridge: topics feed services, HTTP feeds topics.
#include <csignal>
#include <memory>
#include <string>

#include "admin/server.h"
#include "bridge/runner.h"
#include "net/signals.h"
#include "observe/process_source.h"
#include "options.h"
#include "verbs.h"

namespace weir::cli {
namespace {

int run_bridge(const std::string& path) {
  const auto file = bridge::load_bridge_file(path);
  if (!file) return fail(file.error());
  net::block_signals({SIGTERM, SIGINT});  // before any thread is started
  observe::Registry registry(1);
  observe::LogOptions log_options;
  log_options.format = observe::log_format_for(2);
  observe::Log log(log_options);
  const observe::ProcessSource process(log, WEIR_VERSION);
  registry.add_source(process);
  const auto made = bridge::Runner::make(*file, registry, log);
  if (!made) return fail(made.error());
  bridge::Runner& runner = **made;

  const observe::EventRing events;
  admin::Routes routes({registry, runner, events, WEIR_VERSION});
  const auto address = net::Address::resolve(file->admin);
  if (!address) return fail(address.error());
  const auto admin = admin::Server::open(*address, routes);
  if (!admin) return fail(admin.error());
  log.write(observe::LogLevel::kInfo, "admin", "metrics, health and state",
            {{"address", (*admin)->address().to_string()}});

  // The first signal drains, the second ends.
  net::SignalWatcher signals(runner.loop(), {SIGTERM, SIGINT}, [&runner](int) {
    if (runner.draining()) return runner.stop();
    runner.drain();
  });
  const int code = runner.run();
  log.write(observe::LogLevel::kInfo, "stopped", "all done");
  return code;
}

}  // namespace

void add_bridge(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(parent, "bridge", "Feed services from Kafka, and Kafka over HTTP.",
                            {"weir bridge -c weir.yaml", "weir bridge --schema"});
  auto path = std::make_shared<std::string>();
  auto schema = std::make_shared<bool>(false);
  CLI::Option* config = verb.add_option("-c,--config", *path, "The configuration file");
  CLI::Option* flag = verb.add_flag("--schema", *schema, "Print the file's JSON schema instead");
  config->excludes(flag);
  verb.require_subcommand(0, 1);
  add_bridge_dlq(verb, action);
  verb.callback([path, schema, &verb, &action] {
    if (!verb.get_subcommands().empty()) return;  // its own callback has run already
    action = [path, schema] {
      if (*schema) return std::puts(bridge::bridge_file_schema().c_str()), 0;
      if (!path->empty()) return run_bridge(*path);
      return fail({ErrorKind::kUsage, "-c is missing", "name the configuration file"});
    };
  });
}

}  // namespace weir::cli
