// Scheduler: where signals run. Streams own no thread and read no clock; hosts bring both.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/base/time.h"

namespace weir::streams {

/// A piece of work with its own place in a queue, so that posting allocates nothing. It is posted
/// again only after its run has begun; the poster sees to that (operators do with Drain).
class Task {
 public:
  virtual ~Task() = default;
  virtual void run() noexcept = 0;

 private:
  friend class TaskQueue;
  Task* next_ = nullptr;
  std::shared_ptr<Task> self_;  // while queued: a queued task cannot die
};

/// Many producers, one consumer, first in first out, unbounded by itself: a task is queued once at
/// a time, so its bound is the number of live operators. Lock-free.
class TaskQueue {
 public:
  TaskQueue() noexcept = default;
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;
  ~TaskQueue() {
    while (pop() != nullptr) {
    }
  }

  void push(std::shared_ptr<Task> task) noexcept {
    Task* raw = task.get();
    raw->self_ = std::move(task);
    raw->next_ = incoming_.load(std::memory_order_relaxed);
    while (!incoming_.compare_exchange_weak(raw->next_, raw, std::memory_order_seq_cst,
                                            std::memory_order_relaxed)) {
    }
  }

  /// The oldest task, or nullptr. Consumer only.
  std::shared_ptr<Task> pop() noexcept {
    if (ready_ == nullptr) {
      Task* newest = incoming_.exchange(nullptr, std::memory_order_acq_rel);
      while (newest != nullptr) {
        Task* older = std::exchange(newest->next_, ready_);
        ready_ = std::exchange(newest, older);
      }
      if (ready_ == nullptr) return nullptr;
    }
    Task* task = std::exchange(ready_, ready_->next_);
    return std::move(task->self_);
  }

  /// May miss a push that is not yet ordered before the call. Consumer only.
  bool empty() const noexcept {
    return ready_ == nullptr && incoming_.load(std::memory_order_seq_cst) == nullptr;
  }

 private:
  std::atomic<Task*> incoming_{nullptr};
  Task* ready_ = nullptr;
};

/// Runs tasks one after another in the order in which they were posted. post may be called from any
/// thread and does not run the task before it returns, except on an inline worker.
class Worker {
 public:
  virtual ~Worker() = default;
  virtual void post(std::shared_ptr<Task> task) noexcept = 0;
};

/// Hands out workers. Thread-safe.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual std::shared_ptr<Worker> worker() = 0;
};

/// A task for a point in time. Armed at most once at a time; its owner sees to that.
class TimerTask : public Task {
 public:
  Instant when{};  ///< set by TimedScheduler::post_at
};

/// A scheduler that also has a time line. The clock is the host's: real, simulated, or a test's
/// own.
class TimedScheduler : public Scheduler {
 public:
  virtual Instant now() const noexcept = 0;

  /// Runs the task at `when` or as soon after it as the host can; not before. Thread-safe. There is
  /// no way to take a timer back: owners look, when it fires, whether they still want it.
  virtual void post_at(Instant when, std::shared_ptr<TimerTask> task) noexcept = 0;
};

/// Runs each task where it is posted; a task posted from inside another waits until that one has
/// returned, so the recursion is one level deep (§3.3).
class InlineScheduler final : public Scheduler {
 public:
  std::shared_ptr<Worker> worker() override;
};

}  // namespace weir::streams
