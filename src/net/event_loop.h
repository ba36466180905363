// EventLoop: one thread's epoll, timers and mailbox.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <functional>
#include <span>

#include "net/clock.h"
#include "net/fd.h"
#include "net/task.h"
#include "net/timer.h"

namespace weir::net {

/// Gets the events of one descriptor.
class IoHandler {
 public:
  /// `events` are EPOLL* bits. May close its descriptor and destroy this handler.
  virtual void on_io(uint32_t events) = 0;

 protected:
  ~IoHandler() = default;
};

/// Edge-triggered by default: a descriptor is registered once, for reading and writing, and costs
/// no epoll_ctl afterwards. A handler therefore must read until a short read or kWouldBlock, and
/// remember what it did not do.
///
/// Thread-safety: post(), stop() and clock() from any thread; everything else from the thread that
/// runs the loop, or before run().
class EventLoop final : private IoHandler {
 public:
  static constexpr uint32_t kEdgeTriggered = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

  explicit EventLoop(const Clock& clock = SteadyClock::instance());
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// The time at which this turn of the loop began; reading it costs nothing.
  Instant now() const noexcept { return now_; }
  /// A fresh reading, for what must not be off by the turn's own work; now() follows it.
  Instant update_now() noexcept { return now_ = clock_.now(); }

  /// For readings from other threads.
  const Clock& clock() const noexcept { return clock_; }

  TimerWheel& timers() noexcept { return timers_; }

  /// False when the kernel takes no more descriptors (fs.epoll.max_user_watches, memory): no event
  /// will come, so a connection's time-out ends it unless its owner does.
  bool add(int fd, IoHandler& handler, uint32_t events = kEdgeTriggered) noexcept;
  void modify(int fd, IoHandler& handler, uint32_t events);
  /// No event reaches the handler afterwards, not even one already fetched. Call before closing.
  void remove(int fd, IoHandler& handler) noexcept;

  /// Runs the task in this loop's thread, soon, in the order of posting. Lock-free.
  void post(Task& task) noexcept;
  /// The same for a function; allocates. Functions posted after the last turn are destroyed unrun.
  void post(std::function<void()> function);

  /// Called at the end of every turn: for work that is better done once than after each event, and
  /// for destroying what an event could not destroy under its own feet.
  void set_turn_end(Callback callback) noexcept { turn_end_ = callback; }

  /// The next turn begins at once, without waiting for events.
  void hurry() noexcept { hurried_ = true; }

  /// Runs until stop().
  void run();
  /// One turn: waits for at most `wait_max`, then handles what came.
  void run_once(Duration wait_max);
  /// run() returns after the turn it is in. Sticky.
  void stop() noexcept;

 private:
  struct FunctionTask;

  // Events fetched in one turn. More only add latency to timers; fewer cost a system call each.
  static constexpr int kBatch = 256;

  void on_io(uint32_t events) override;
  int wait(Duration timeout) noexcept;
  void run_tasks();
  void wake() noexcept;

  const Clock& clock_;
  Instant now_;
  TimerWheel timers_;
  Callback turn_end_;
  Fd epoll_;
  Fd wake_;
  std::array<epoll_event, kBatch> batch_;
  std::span<epoll_event> pending_;  // fetched, not yet handled
  std::atomic<Task*> mailbox_{nullptr};
  std::atomic<bool> stopped_{false};
  bool has_pwait2_ = true;
  bool hurried_ = false;
};

}  // namespace weir::net
