// VirtualScheduler: a scheduler with a clock that stands still until it is told to move.
#pragma once

#include <cstdint>
#include <memory>
#include <queue>
#include <vector>

#include "weir/streams/scheduler.h"

namespace weir::streams {

/// Runs tasks and timers on the caller's thread, in a fixed order: tasks as posted, timers by
/// instant and then as posted. For tests and simulations. Not thread-safe.
class VirtualScheduler final : public TimedScheduler {
 public:
  explicit VirtualScheduler(Instant start = Instant{}) : state_(std::make_shared<State>(start)) {}
  VirtualScheduler(const VirtualScheduler&) = delete;
  VirtualScheduler& operator=(const VirtualScheduler&) = delete;

  /// Drops what is still queued: a queued task holds its worker, which holds the queue.
  ~VirtualScheduler() override;

  std::shared_ptr<Worker> worker() override;
  Instant now() const noexcept override { return state_->now; }
  void post_at(Instant when, std::shared_ptr<TimerTask> task) noexcept override;

  /// Runs what is posted, and what that posts, until nothing is left; timers that are due included.
  void run();

  /// Moves the clock, stopping at each timer on the way to run it and what follows from it.
  void advance(Duration by);

  /// When the next timer is due; kInstantMax for never.
  Instant next_timer() const noexcept;

 private:
  struct Timer {
    Instant when;
    uint64_t order;
    std::shared_ptr<TimerTask> task;
  };
  struct Later {
    bool operator()(const Timer& a, const Timer& b) const noexcept {
      return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
  };
  struct State {
    explicit State(Instant start) : now(start) {}
    Instant now;
    TaskQueue tasks;
    std::priority_queue<Timer, std::vector<Timer>, Later> timers;
    uint64_t orders = 0;
  };
  class QueueWorker;

  std::shared_ptr<State> state_;
};

}  // namespace weir::streams
