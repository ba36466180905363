// Monitor: looks once a second, remembers a quarter of an hour, judges. One for all viewers.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "admin/feed.h"
#include "admin/history.h"
#include "admin/request.h"
#include "admin/status.h"
#include "observe/event.h"
#include "observe/explanation.h"
#include "observe/prometheus.h"

namespace weir::admin {

/// What the admin address tells about. Borrows everything; all must outlive it.
struct Sources {
  const observe::Registry& registry;
  const observe::StateProvider& state;
  const observe::EventRing& events;
  std::string version{};
  const observe::ExplanationSource* explanations = nullptr;  ///< null: nothing is explained
};

/// Used from the admin thread alone. What all viewers get is made once, so that a further viewer
/// costs no more than the bytes it is sent.
class Monitor {
 public:
  explicit Monitor(const Sources& sources);

  /// About once a second. `time_ms` is since 1970.
  void tick(int64_t time_ms, Instant now);

  const History& history() const noexcept { return history_; }
  const Status& status() const noexcept { return status_; }
  /// The members that /api/status and each tick have in common: version, state, sentence,
  /// components.
  void write_overview(observe::JsonWriter& json) const;
  const observe::ExemplarBook& exemplars() const noexcept { return exemplars_; }
  /// When this process began to look: tells one run's row numbers from the next one's.
  int64_t epoch_ms() const noexcept { return epoch_ms_; }

  /// The data of the event "tick" of the newest row: with the decisions and refusals since the row
  /// before, or with the last kPastMax of each for somebody who is new.
  const std::string& tick_data() const noexcept { return tick_data_; }
  std::string first_tick_data() const;

  /// Refusals and decisions that a tick tells, at most: the newest.
  static constexpr size_t kNewsMax = 10;
  static constexpr size_t kPastMax = 30;
  /// Endings looked at for exemplars in a second, at most.
  static constexpr size_t kEndingsMax = 64;

 private:
  void gather();
  std::string render(const std::vector<std::string>& decisions,
                     const std::vector<std::string>& refusals) const;

  const Sources& sources_;
  History history_;
  Status status_;
  observe::ExemplarBook exemplars_;
  int64_t epoch_ms_ = 0;
  Instant last_{};
  std::string tick_data_;
  uint64_t event_ = 0;  // the next decision
  observe::ExplainCursor refused_cursor_;
  observe::ExplainCursor ended_cursor_;
  // Rendered, oldest first, at most kPastMax of each.
  std::deque<std::string> decisions_;
  std::deque<std::string> refusals_;
};

/// /api/stream: first an event "history" with all rows (with Last-Event-ID: those after it), then
/// one event "tick" a second. The id is EPOCH.ROW.
class StreamFeed final : public Feed {
 public:
  StreamFeed(const Monitor& monitor, std::string_view last_event_id);

  void pull(std::string& out) override;
  Duration interval() const noexcept override { return std::chrono::milliseconds(100); }

 private:
  void append_history(std::string& out, const std::string& tick);
  void append_tick(std::string& out, const std::string& data);

  const Monitor& monitor_;
  uint64_t row_ = 0;         // the last that was told
  size_t series_count_ = 0;  // series that were told
  bool began_ = false;
};

}  // namespace weir::admin
