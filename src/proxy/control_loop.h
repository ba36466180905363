// ControlLoop: the slow path of one upstream. Lets the control law look at what has happened, puts
// its limit in force, and tells it once as one event; tells what its breaker did, too.
#pragma once

#include <atomic>
#include <mutex>

#include "net/event_loop.h"
#include "observe/event.h"
#include "observe/log.h"
#include "observe/registry.h"
#include "proxy/cluster.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"

namespace weir::proxy {

/// A timer on the first worker's loop; everything but last_move runs there.
class ControlLoop {
 public:
  /// `events`, `log` and `recorder` may be null.
  ControlLoop(net::EventLoop& loop, const Cluster& cluster, WakeOthers& others, uint16_t workers,
              observe::Registry& registry, observe::EventRing* events, observe::Log* log,
              Recorder* recorder = nullptr);

  /// The last decision that moved the limit. From any thread.
  LimitMove last_move() const;
  /// The most requests in flight during the law's last window. From any thread.
  uint32_t inflight_peak() const noexcept { return inflight_peak_.load(std::memory_order_relaxed); }

 private:
  // Not more often than this: laws want windows of 10 ms and more, and 100 wake-ups a second cost
  // 0.1 % of a core.
  static constexpr Duration kTickMin = std::chrono::milliseconds(10);
  // Steps of less than this share are not worth a log line.
  static constexpr double kLoggedShare = 0.2;

  void tick();
  void tell(const LimitChange& change);
  void watch_breaker();
  void tell(const BreakerTransition& transition);

  net::EventLoop& loop_;
  const Cluster& cluster_;
  WakeOthers& others_;
  uint16_t workers_;
  observe::Registry& registry_;
  observe::EventRing* events_;
  observe::Log* log_;
  Recorder* recorder_;
  uint32_t recorded_as_ = 0;  // our number in the recording
  uint32_t logged_limit_;
  uint32_t breaker_generation_ = 0;  // of the last transition that was told
  net::Timer timer_;
  mutable std::mutex mutex_;  // guards last_move_
  LimitMove last_move_;
  std::atomic<uint32_t> inflight_peak_{0};
};

}  // namespace weir::proxy
