#include "serve.h"

#include <csignal>

#include "admin/otlp_exporter.h"
#include "admin/server.h"
#include "config/values.h"
#include "net/signals.h"
#include "observe/log.h"
#include "observe/process_source.h"
#include "observe/registry.h"
#include "options.h"
#include "proxy/server.h"
#include "proxy/server_operator.h"

namespace weir::cli {

void add_serving(CLI::App& verb, Serving& serving) {
  verb.add_option("--admin-host", serving.host_names,
                  "A name by which browsers may reach the admin address; repeat it for more");
  verb.add_option("--otlp", serving.otlp,
                  "Push metrics and traces to this OpenTelemetry collector (OTLP/HTTP)")
      ->type_name("URL");
  verb.add_flag("--access-log", serving.access_log, "One log line a request");
}

int serve(const proxy::Options& given, const Serving& serving) {
  proxy::Options options = given;
  options.access_log = serving.access_log;
  options.trace = !serving.otlp.empty();
  net::block_signals({SIGTERM, SIGINT, SIGHUP});  // before the log starts its thread
  observe::Registry registry(proxy::Server::worker_count(options));
  observe::LogOptions log_options;
  log_options.format = observe::log_format_for(2);
  observe::Log log(log_options);
  const observe::ProcessSource process(log, WEIR_VERSION);
  registry.add_source(process);
  observe::EventRing events;
  auto server = proxy::Server::make(options, registry, {&events, &log});
  if (!server) return fail(server.error());
  proxy::Server& running = **server;

  proxy::ServerOperator operate(running);
  admin::Routes routes({registry, running, events, WEIR_VERSION, &running.explanations()},
                       {serving.host_names, &operate, &log});
  const auto address = net::Address::resolve(serving.admin);
  if (!address) return fail(address.error());
  auto admin = admin::Server::open(*address, routes);
  if (!admin) return fail(admin.error());

  std::unique_ptr<admin::OtlpExporter> otlp;
  if (!serving.otlp.empty()) {
    auto made = admin::OtlpExporter::make(
        serving.otlp, {registry, &running.spans(), &log},
        {.version = WEIR_VERSION, .instance = running.address().to_string()});
    if (!made) return fail(made.error());
    otlp = std::move(*made);
  }

  // The first signal drains, the second ends.
  bool asked = false;
  net::SignalWatcher signals(running.first_loop(), {SIGTERM, SIGINT, SIGHUP}, [&](int signal) {
    if (signal == SIGHUP) return running.reload_certificates();
    if (asked) return running.stop();
    asked = true;
    log.write(observe::LogLevel::kInfo, "draining", "finishing what is under way");
    running.drain();
  });
  log.write(observe::LogLevel::kInfo, "listening", "ready",
            {{"address", running.address().to_string()},
             {"admin", (*admin)->address().to_string()},
             {"upstream", running.clusters().front()->name()},
             {"upstreams", static_cast<int64_t>(running.clusters().size())},
             {"law", options.upstreams.front().law},
             {"dry_run", options.dry_run}});
  if (!serving.warnings.empty())
    log.write(observe::LogLevel::kWarning, "config_warning", serving.warnings);
  running.run();
  log.write(observe::LogLevel::kInfo, "stopped", "all done");
  return 0;
}

void add_record(CLI::App& verb, proxy::RecorderOptions& record) {
  verb.add_option("--record", record.path,
                  "Keep what the laws saw and decided in this file, for 'weir sim replay'");
  const auto parse = [&record](const CLI::results_t& results) {
    constexpr size_t kLeast = 4 << 20;  // a buffer of the recorder and some more in each half
    const auto size = config::parse_size(results.front());
    if (!size || *size < kLeast)
      throw CLI::ValidationError("'" + results.front() + "' is not a size of 4MiB or more");
    record.bytes_max = *size;
    return true;
  };
  verb.add_option("--record-max", parse, "Bound for that file and the one before, FILE.1")
      ->type_name("SIZE")
      ->default_str("64MiB");
}

}  // namespace weir::cli
