// ThreadPool: threads and a real clock for streams. A host: the engine itself has neither.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "weir/streams/scheduler.h"

namespace weir::exec {

struct ThreadPoolOptions {
  size_t threads = 1;  ///< 1 to 256

  /// How long an idle thread looks for work before it sleeps: longer than a wake-up takes, some
  /// 5–50 µs, or two threads that hand small batches to and fro find each other asleep every time.
  /// After a vain look the thread sleeps at once the next times, so an idle pool costs next to
  /// nothing. Zero: always sleep at once.
  Duration spin = std::chrono::microseconds(50);
};

/// A fixed number of threads, each with a queue and timers of its own. A worker belongs to one
/// thread for life, so its tasks are serial; workers are dealt to threads in turn. post and post_at
/// are lock-free as long as the thread is awake. The destructor runs what is queued, drops timers
/// that are not due, and joins; no task may be posted after that.
class ThreadPool final : public streams::TimedScheduler {
 public:
  explicit ThreadPool(ThreadPoolOptions options = {});
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() override;

  std::shared_ptr<streams::Worker> worker() override;
  Instant now() const noexcept override;
  void post_at(Instant when, std::shared_ptr<streams::TimerTask> task) noexcept override;

 private:
  class Lane;

  std::vector<std::shared_ptr<Lane>> lanes_;
  std::atomic<size_t> next_{0};
};

}  // namespace weir::exec
