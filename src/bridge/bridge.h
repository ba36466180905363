// Bridge: a topic feeds a service. Joins the pipeline (what to do), the pace (how much at once),
// Kafka (where records come from and go back to) and HTTP (where they are delivered).
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "bridge/bridge_stats.h"
#include "bridge/kafka_source.h"
#include "bridge/kafka_writer.h"
#include "bridge/pace.h"
#include "bridge/pipeline.h"
#include "bridge/revoke_handler.h"
#include "bridge/sender.h"
#include "bridge/stall_watchdog.h"
#include "observe/log.h"

namespace weir::bridge {

/// The way of a record: arrived → work → answered → (move → written) → commit. bridge.cc holds that
/// way, bridge_upkeep.cc what happens beside it: partitions that come and go, commits, the
/// watchdog, the numbers. Everything runs in one loop's thread.
class Bridge final : private SourceSink, private SendSink, private WriteSink {
 public:
  /// Connects, checks the topic, creates the retry and dead-letter topics that are missing. Blocks
  /// for some seconds at most. Errors: kUnavailable, kConfig, kUsage.
  static Expected<std::unique_ptr<Bridge>> make(net::EventLoop& loop, BridgeOptions options,
                                                observe::Log& log);
  ~Bridge();

  /// Stops reading, lets what is in flight end, commits, leaves the group; then calls `done`.
  void drain(std::function<void()> done);

  /// What stopped it, if it was not asked to; `on_failure` is called then, once.
  void on_failure(std::function<void(const Error&)> callback) { failed_ = std::move(callback); }

  const BridgeOptions& options() const noexcept { return options_; }
  /// A copy, not older than a second. From any thread.
  BridgeStats stats() const { return published_.read(); }
  /// When the loop came round last. From any thread.
  Instant heartbeat() const noexcept { return heartbeat_.load(std::memory_order_relaxed); }

 private:
  struct Partition {
    uint32_t group = 0;
    std::vector<uint64_t> committed;  // progress of each tier's tracker at its last commit
    StallWatchdog dog;
  };

  Bridge(net::EventLoop& loop, BridgeOptions options, observe::Log& log, Rng rng);
  Expected<bool> open();

  // SourceSink
  void claimed(const std::vector<Claim>& claims) override;
  void revoking(const std::vector<int32_t>& partitions, bool lost) override;
  bool wants(int32_t partition, int tier) override;
  void arrived(int32_t partition, std::unique_ptr<Record> record) override;
  void skipped(int32_t partition, int tier, int64_t offset) override;
  void reached_end(int32_t partition, int tier) override;
  void committed(const std::string& error, bool fenced) override;
  void source_troubled(const std::string& what) override;
  void source_failed(const Error& error) override;

  void work();
  Instant send_ready();
  void answered(Record& record, const Delivery& delivery) override;
  void move(Record& record, int tier);
  void written(const WriteReport& report) override;

  void commit();
  bool commit_partitions(const std::vector<int32_t>& partitions);
  void advance_revocation();
  void commit_leaving();
  void release_leaving();
  void drain_all();

  void on_control();
  void on_second();
  void watch(int32_t partition, Partition& mine, Instant now);
  void publish();
  void check_closed();
  Now now() const;

  net::EventLoop& loop_;
  const BridgeOptions options_;
  observe::Log& log_;
  const std::string dead_letter_;
  std::vector<std::string> tier_topics_;
  Pipeline pipeline_;
  std::unique_ptr<Pace> pace_;
  std::unique_ptr<KafkaWriter> writer_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<KafkaSource> source_;

  std::map<int32_t, Partition> partitions_;
  std::unordered_map<const Record*, Flight> flights_;
  std::unordered_map<const Record*, int> moves_;  // the tier it is being written to, 0: dead letter
  RevokeHandler revocation_;
  std::vector<int32_t> leaving_;
  bool group_waits_ = false;                         // for us to give the leaving partitions back
  bool leaving_commit_due_ = false;                  // not sent yet
  std::vector<std::pair<int32_t, int>> commit_out_;  // streams in the commit under way

  net::Task work_task_;
  net::Timer work_timer_;
  net::Timer commit_timer_;
  net::Timer control_timer_;
  net::Timer revoke_timer_;
  net::Timer second_timer_;
  net::Timer close_timer_;
  std::function<void()> done_;
  std::function<void(const Error&)> failed_;

  BridgeStats counts_;
  Published<BridgeStats> published_;
  std::atomic<Instant> heartbeat_{Instant{}};
};

}  // namespace weir::bridge
