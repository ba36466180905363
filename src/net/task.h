// Task: work handed to a loop from any thread.
#pragma once

#include <atomic>

#include "net/callback.h"

namespace weir::net {

class EventLoop;

/// Intrusive: posting allocates nothing, and posting a task that still waits to run does nothing,
/// so a task is also a coalescing wake-up. Must outlive its last run; see EventLoop::post. A task
/// that owns itself has a `discard`, which is called in place of the run when the loop ends first.
class Task {
 public:
  explicit Task(Callback callback, Callback discard = {}) noexcept
      : callback_(callback), discard_(discard) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

 private:
  friend class EventLoop;
  Callback callback_;
  Callback discard_;
  Task* next_ = nullptr;
  std::atomic<bool> queued_{false};
};

}  // namespace weir::net
