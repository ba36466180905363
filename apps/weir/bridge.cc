// weir bridge: topics feed services, HTTP feeds topics.
#include "bridge/bridge.h"

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "bridge/bridge_file.h"
#include "net/signals.h"
#include "observe/log.h"
#include "options.h"
#include "verbs.h"

namespace weir::cli {
namespace {

// All bridges of one file, on one loop.
class Run {
 public:
  Run(const bridge::BridgeFile& file, observe::Log& log) : file_(file), log_(log) {}

  int operator()() {
    for (const bridge::BridgeOptions& options : file_.bridges) {
      auto made = bridge::Bridge::make(loop_, options, log_);
      if (!made) return fail(made.error());
      (*made)->on_failure([this](const Error& error) { stop_because(error); });
      bridges_.push_back(std::move(*made));
      log_.write(observe::LogLevel::kInfo, "bridging", "ready",
                 {{"topic", options.consume.topic}, {"group", options.consume.group}});
    }
    // The first signal drains, the second ends.
    net::SignalWatcher signals(loop_, {SIGTERM, SIGINT}, [this](int) {
      if (draining_) return loop_.stop();
      drain();
    });
    loop_.run();
    log_.write(observe::LogLevel::kInfo, "stopped", "all done");
    return exit_code_;
  }

 private:
  void stop_because(const Error& error) {
    exit_code_ = exit_code(error.kind);
    log_.write(observe::LogLevel::kError, "failed", error.message);
    if (!draining_) drain();
  }

  void drain() {
    draining_ = true;
    log_.write(observe::LogLevel::kInfo, "draining", "finishing what is under way");
    left_ = bridges_.size();
    for (const auto& one : bridges_)
      one->drain([this] {
        if (--left_ == 0) loop_.stop();
      });
  }

  const bridge::BridgeFile& file_;
  observe::Log& log_;
  net::EventLoop loop_;
  std::vector<std::unique_ptr<bridge::Bridge>> bridges_;
  bool draining_ = false;
  size_t left_ = 0;
  int exit_code_ = 0;
};

int run_bridge(const std::string& path) {
  const auto file = bridge::load_bridge_file(path);
  if (!file) return fail(file.error());
  net::block_signals({SIGTERM, SIGINT});  // before any thread is started
  observe::LogOptions log_options;
  log_options.format = observe::log_format_for(2);
  observe::Log log(log_options);
  return Run(*file, log)();
}

}  // namespace

void add_bridge(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(parent, "bridge", "Feed services from Kafka, and Kafka over HTTP.",
                            {"weir bridge -c weir.yaml"});
  auto path = std::make_shared<std::string>();
  verb.add_option("-c,--config", *path, "The configuration file")->required();
  verb.callback([path, &action] { action = [path] { return run_bridge(*path); }; });
}

}  // namespace weir::cli
