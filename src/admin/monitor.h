// Monitor: looks once a second, remembers a quarter of an hour, judges. One for all viewers.
#pragma once

#include <string>

#include "admin/feed.h"
#include "admin/history.h"
#include "admin/request.h"
#include "admin/status.h"
#include "observe/event.h"
#include "observe/explanation.h"

namespace weir::admin {

/// What the admin address tells about. Borrows everything; all must outlive it.
struct Sources {
  const observe::Registry& registry;
  const observe::StateProvider& state;
  const observe::EventRing& events;
  std::string version{};
  const observe::ExplanationSource* explanations = nullptr;  ///< null: nothing is explained
};

/// Used from the admin thread alone.
class Monitor {
 public:
  explicit Monitor(const Sources& sources) : sources_(sources), history_(sources.registry) {}

  /// About once a second. `time_ms` is since 1970.
  void tick(int64_t time_ms, Instant now);

  const History& history() const noexcept { return history_; }
  const Status& status() const noexcept { return status_; }
  const Sources& sources() const noexcept { return sources_; }
  /// When this process began to look: tells one run's row numbers from the next one's.
  int64_t epoch_ms() const noexcept { return epoch_ms_; }

 private:
  const Sources& sources_;
  History history_;
  Status status_;
  int64_t epoch_ms_ = 0;
  Instant last_{};
};

/// /api/stream: first an event "history" with all rows (with Last-Event-ID: those after it), then
/// one event "tick" a second with the new row, the judgement, the components, the decisions of the
/// control path and the refusals since the last. The id is EPOCH.ROW.
class StreamFeed final : public Feed {
 public:
  StreamFeed(const Monitor& monitor, std::string_view last_event_id);

  void pull(std::string& out) override;
  Duration interval() const noexcept override { return std::chrono::milliseconds(100); }

  /// Refusals in one event; of more, the newest.
  static constexpr size_t kRefusalMax = 10;
  /// Refusals and decisions that a new viewer is told.
  static constexpr size_t kPastMax = 30;

 private:
  void append_history(std::string& out);
  void append_tick(std::string& out, const History::Row& row);
  void write_decisions(observe::JsonWriter& json);
  void write_refusals(observe::JsonWriter& json);

  const Monitor& monitor_;
  uint64_t row_ = 0;         // the last that was told
  uint64_t event_ = 0;       // the next decision to tell
  size_t series_count_ = 0;  // series that were told
  observe::ExplainCursor cursor_;
  bool began_ = false;
};

}  // namespace weir::admin
