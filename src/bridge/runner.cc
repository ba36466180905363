#include "bridge/runner.h"

#include <algorithm>

namespace weir::bridge {

Expected<std::unique_ptr<Runner>> Runner::make(const BridgeFile& file, observe::Registry& registry,
                                               observe::Log& log) {
  std::unique_ptr<Runner> runner(new Runner(registry, log));
  for (const BridgeOptions& options : file.bridges) {
    auto made = Bridge::make(runner->loop_, options, log);
    if (!made) return Unexpected<Error>(made.error());
    (*made)->on_failure([self = runner.get()](const Error& error) { self->failed(error); });
    runner->bridges_.push_back(std::move(*made));
    log.write(observe::LogLevel::kInfo, "bridging", "ready",
              {{"topic", options.consume.topic}, {"group", options.consume.group}});
  }
  for (const IngestOptions& options : file.ingests) {
    auto made = Ingest::make(runner->loop_, options, log);
    if (!made) return Unexpected<Error>(made.error());
    log.write(observe::LogLevel::kInfo, "ingesting", "ready",
              {{"topic", options.topic}, {"address", (*made)->address().to_string()}});
    runner->ingests_.push_back(std::move(*made));
  }
  for (const auto& one : runner->bridges_) runner->bridge_views_.emplace_back(*one);
  for (const auto& one : runner->ingests_) runner->ingest_views_.emplace_back(*one);
  for (const BridgeView& view : runner->bridge_views_) registry.add_source(view);
  for (const IngestView& view : runner->ingest_views_) registry.add_source(view);
  return runner;
}

Runner::~Runner() {
  for (const BridgeView& view : bridge_views_) registry_.remove_source(view);
  for (const IngestView& view : ingest_views_) registry_.remove_source(view);
}

int Runner::run() {
  loop_.run();
  return exit_code_;
}

void Runner::failed(const Error& error) {
  exit_code_ = exit_code(error.kind);
  log_.write(observe::LogLevel::kError, "failed", error.message);
  drain();
}

void Runner::drain() {
  if (draining_.exchange(true)) return;
  log_.write(observe::LogLevel::kInfo, "draining", "finishing what is under way");
  left_ = bridges_.size() + ingests_.size();
  for (const auto& one : bridges_) one->drain([this] { one_is_done(); });
  for (const auto& one : ingests_) one->drain([this] { one_is_done(); });
}

void Runner::one_is_done() {
  if (--left_ == 0) loop_.stop();
}

std::vector<observe::ComponentState> Runner::components() const {
  std::vector<observe::ComponentState> all;
  for (const BridgeView& view : bridge_views_) {
    std::vector<observe::ComponentState> more = view.components();
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  for (const IngestView& view : ingest_views_) {
    std::vector<observe::ComponentState> more = view.components();
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  return all;
}

Duration Runner::stalled_for() const noexcept {
  const Instant now = net::SteadyClock::instance().now();
  Duration worst{};
  for (const auto& one : bridges_)
    if (one->heartbeat() != Instant{}) worst = std::max(worst, now - one->heartbeat());
  return worst;
}

}  // namespace weir::bridge
