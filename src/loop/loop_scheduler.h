// LoopScheduler: streams on an event loop, such as that of a worker of the proxy.
#pragma once

#include <memory>

#include "net/event_loop.h"
#include "weir/streams/scheduler.h"

namespace weir::loop {

/// Runs tasks and timers in the thread that runs the loop, beside its sockets; the flow's operators
/// then need no other thread. All workers are the same one: what they run is serial. Tasks run in
/// the order of posting, at most kTasksPerTurn in a turn of the loop; timers never before their
/// time, and at most the wheel's tick (131 µs) and the loop's own delay after it.
///
/// Posting is lock-free and allocates nothing. worker(), now(), post() and post_at() may be called
/// from any thread. The loop outlives the scheduler, and the scheduler the subscriptions that use
/// it. The destructor, in the loop's thread or once run() has returned, drops what has not run.
class LoopScheduler final : public streams::TimedScheduler {
 public:
  /// A flow that always has something to do must not starve the loop's sockets. A task of an
  /// operator is a burst of items already, so a turn is a useful piece of work all the same.
  static constexpr int kTasksPerTurn = 64;

  explicit LoopScheduler(net::EventLoop& loop);
  LoopScheduler(const LoopScheduler&) = delete;
  LoopScheduler& operator=(const LoopScheduler&) = delete;
  ~LoopScheduler() override;

  std::shared_ptr<streams::Worker> worker() override;
  /// A fresh reading of the loop's clock, not the time of its turn.
  Instant now() const noexcept override;
  void post_at(Instant when, std::shared_ptr<streams::TimerTask> task) noexcept override;

 private:
  class Lane;

  const std::shared_ptr<Lane> lane_;
};

}  // namespace weir::loop
