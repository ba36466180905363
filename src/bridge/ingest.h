// Ingest: HTTP producers write to a topic, and are told the truth about it.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "bridge/bridge_stats.h"
#include "bridge/ingest_options.h"
#include "bridge/kafka_writer.h"
#include "bridge/rate_meter.h"
#include "net/listener.h"
#include "observe/log.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"

namespace weir::bridge {

/// Counters since the start, and gauges.
struct IngestStats {
  uint64_t written = 0;
  uint64_t full = 0;
  uint64_t too_large = 0;
  uint64_t failed = 0;
  size_t bytes = 0;
  uint32_t in_flight = 0;
  uint32_t limit = 0;
};

/// POST to the path writes one record: the body is its value; the header Kafka-Key (percent-
/// encoded) its key; Kafka-Header-NAME become headers. The answer comes when the broker has the
/// record on all in-sync replicas:
///   204 durable, with Kafka-Partition and Kafka-Offset; 413 too large; 429 the buffer is full,
///   with Retry-After = what waits / what drains; 503 not durable within the time-out (it may still
///   become so: producers that must not duplicate send an id); 400, 404, 405, 411 as HTTP has them.
/// Two bounds. Not a byte beyond memory_max is taken. And no more requests are on their way to
/// Kafka than an adaptive limit finds useful: a buffer alone would fill whenever producers are
/// faster, and every record would then wait for as long as the whole buffer takes to drain.
/// Refusals are sent before the body is read. Belongs to one loop.
class Ingest final : private net::AcceptHandler, private WriteSink {
 public:
  /// Errors: kUnavailable, kConfig, kUsage.
  static Expected<std::unique_ptr<Ingest>> make(net::EventLoop& loop, IngestOptions options,
                                                observe::Log& log);
  ~Ingest();

  /// Takes no new connections, answers what is under way, then calls `done`.
  void drain(std::function<void()> done);

  net::Address address() const { return address_; }
  const IngestOptions& options() const noexcept { return options_; }
  IngestStats stats() const { return published_.read(); }

 private:
  class Connection;
  friend class Connection;

  Ingest(net::EventLoop& loop, IngestOptions options, observe::Log& log);
  Expected<bool> open();
  void on_accept(net::Fd connection, const net::Address& peer) override;
  void written(const WriteReport& report) override;
  void bury();
  void closed(Connection& connection);
  void finish_if_drained();
  void on_tick();
  void on_control();

  // For connections.
  Expected<Permit, Rejection> admit() noexcept {
    return stack_.admit(RequestContext{}, loop_.update_now());
  }
  bool has_room(size_t bytes) const noexcept { return bytes_ + bytes <= options_.memory_max; }
  int64_t retry_after_seconds() const noexcept;

  net::EventLoop& loop_;
  const IngestOptions options_;
  observe::Log& log_;
  std::unique_ptr<KafkaWriter> writer_;
  std::unique_ptr<net::Listener> listener_;
  net::Address address_;
  std::list<std::unique_ptr<Connection>> connections_;
  std::list<std::unique_ptr<Connection>> retired_;  // until the loop's turn has ended
  net::Task bury_task_;
  net::Timer tick_;
  net::Timer control_timer_;
  std::shared_ptr<Limiter> limiter_;
  PolicyStack stack_;
  size_t bytes_ = 0;  // reserved for bodies under way and records that are not durable
  RateMeter drained_;
  std::function<void()> done_;
  IngestStats counts_;
  Published<IngestStats> published_;
};

}  // namespace weir::bridge
