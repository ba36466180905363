// Runner: all bridges and ingests of one file on one loop, and what the admin address shows of
// them.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "bridge/bridge_file.h"
#include "bridge/bridge_view.h"
#include "bridge/ingest_view.h"
#include "observe/log.h"

namespace weir::bridge {

class Runner final : public observe::StateProvider {
 public:
  /// Opens everything; views are added to the registry. Blocks for some seconds at most. Errors:
  /// kUnavailable, kConfig, kUsage. All arguments must outlive the runner.
  static Expected<std::unique_ptr<Runner>> make(const BridgeFile& file, observe::Registry& registry,
                                                observe::Log& log);
  ~Runner() override;

  net::EventLoop& loop() noexcept { return loop_; }

  /// Runs until drain() has finished or stop(); the process exit code.
  int run();
  /// Finishes what is under way. Loop's thread.
  void drain();
  void stop() noexcept { loop_.stop(); }

  std::vector<observe::ComponentState> components() const override;
  bool draining() const noexcept override { return draining_.load(std::memory_order_relaxed); }
  bool dry_run() const noexcept override { return false; }
  Duration stalled_for() const noexcept override;

 private:
  Runner(observe::Registry& registry, observe::Log& log) : registry_(registry), log_(log) {}
  void failed(const Error& error);
  void one_is_done();

  observe::Registry& registry_;
  observe::Log& log_;
  net::EventLoop loop_;
  std::vector<std::unique_ptr<Bridge>> bridges_;
  std::vector<std::unique_ptr<Ingest>> ingests_;
  std::vector<BridgeView> bridge_views_;
  std::vector<IngestView> ingest_views_;
  std::atomic<bool> draining_{false};
  size_t left_ = 0;
  int exit_code_ = 0;
};

}  // namespace weir::bridge
