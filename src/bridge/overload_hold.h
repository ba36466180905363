// OverloadHold: when the whole service says "not now", ask it seldom instead of with every record.
#pragma once

#include "weir/base/rng.h"
#include "weir/base/time.h"

namespace weir::bridge {

/// Answers of overload and missing connections that come in a row, without a success between them,
/// mean that it is the service and not one replica. Every further one then doubles a pause for all
/// records, up to pause_max, and a Retry-After lengthens it. One success ends it. During the pause
/// nothing is sent; after it, one answer decides. Not thread-safe.
class OverloadHold {
 public:
  struct Options {
    /// Refusals in a row that a healthy service with one bad replica of ten gives by chance about
    /// once in a thousand answers.
    int streak = 3;
    Duration pause_base = std::chrono::milliseconds(20);
    Duration pause_max = std::chrono::seconds(5);
    /// A Retry-After above this is taken for a mistake.
    Duration retry_after_max = std::chrono::seconds(60);
  };

  explicit OverloadHold(Options options) noexcept : options_(options) {}

  /// The service took something, or failed at it by itself: it is there.
  void answered() noexcept {
    refused_ = 0;
    until_ = {};
  }
  /// `retry_after`: zero when the service named none. The refusal of a record that was sent before
  /// the pause began says nothing new.
  void refused(Duration retry_after, Instant sent_at, Instant now, Rng& rng) noexcept;

  /// Nothing is to be sent before; Instant{} when nothing holds.
  Instant until() const noexcept { return until_; }
  bool holds(Instant now) const noexcept { return now < until_; }
  /// After a pause one record tests the service; the next ones wait for its answer.
  bool testing() const noexcept { return refused_ >= options_.streak; }

 private:
  Options options_;
  int refused_ = 0;  // in a row
  Instant since_{};  // when the last pause was decided
  Instant until_{};
};

}  // namespace weir::bridge
