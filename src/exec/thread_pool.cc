#include "weir/exec/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>

#include "weir/base/assert.h"

namespace weir::exec {
namespace {

using Steady = std::chrono::steady_clock;

Instant steady_now() noexcept {
  return Instant(std::chrono::duration_cast<Duration>(Steady::now().time_since_epoch()));
}

void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Looks at the queue between two looks at the clock: a look at the clock costs as much as ten.
constexpr int kLooksPerClock = 16;

/// Of the waits after a vain look, one in so many begins with another look: 50 µs in 64 wake-ups of
/// 5 µs and more are a sixth of the time at the worst.
constexpr uint32_t kWaitsPerProbe = 64;

// A timer on its way to its lane is an ordinary task, so the heap needs no lock.
struct ArmTask final : streams::Task {
  void run() noexcept override {}
  std::shared_ptr<streams::TimerTask> timer;
};

struct Later {
  bool operator()(const std::shared_ptr<streams::TimerTask>& a,
                  const std::shared_ptr<streams::TimerTask>& b) const noexcept {
    return a->when > b->when;
  }
};

}  // namespace

class ThreadPool::Lane final : public streams::Worker {
 public:
  explicit Lane(Duration spin) : spin_(spin) {}
  void start() {
    thread_ = std::thread([this] { loop(); });
  }
  void stop() {
    stopping_.store(true, std::memory_order_seq_cst);
    wake();
    thread_.join();
  }

  void post(std::shared_ptr<streams::Task> task) noexcept override {
    tasks_.push(std::move(task));
    wake();
  }
  void post_at(Instant when, std::shared_ptr<streams::TimerTask> task) noexcept {
    task->when = when;
    auto arm = std::make_shared<ArmTask>();
    arm->timer = std::move(task);
    arming_.push(std::move(arm));
    wake();
  }

 private:
  void loop() noexcept {
    while (!stopping_.load(std::memory_order_acquire)) {
      run_ready();
      if (!spin()) sleep();
    }
    run_ready();
  }

  // Tasks first: a timer may be late, a task's batch is not.
  void run_ready() noexcept {
    for (;;) {
      while (const auto task = tasks_.pop()) task->run();
      while (const auto arm = arming_.pop()) timers_.push(static_cast<ArmTask&>(*arm).timer);
      if (timers_.empty() || timers_.top()->when > steady_now()) return;
      const auto timer = timers_.top();
      timers_.pop();
      timer->run();
    }
  }

  bool nothing_queued() const noexcept { return tasks_.empty() && arming_.empty(); }

  // Looks for work for a while; true when there is some. After a vain look the thread sleeps at
  // once: when cores are scarce, one that spins takes the time of the one it waits for. Now and
  // then it looks all the same, because two threads that always find the other asleep would stay
  // so.
  bool spin() noexcept {
    if (!hot_ && ++cold_waits_ % kWaitsPerProbe != 0) return false;
    const Instant end = steady_now() + spin_;
    do {
      for (int i = 0; i < kLooksPerClock; ++i) {
        if (!nothing_queued()) return hot_ = true;
        relax();
      }
    } while (steady_now() < end);
    hot_ = false;
    return false;
  }

  void sleep() noexcept {
    std::unique_lock lock(mutex_);
    asleep_.store(true, std::memory_order_seq_cst);
    // The other half is in wake(): push, then look at asleep_. One of the two sees the other.
    // One wait and no loop: a poster that is late may lower the flag of a later sleep, and rings
    // then; to sleep on under a lowered flag would miss the next poster.
    if (nothing_queued() && !stopping_.load(std::memory_order_seq_cst)) {
      if (timers_.empty()) {
        bell_.wait(lock);
      } else {
        bell_.wait_until(lock, Steady::time_point(timers_.top()->when.time_since_epoch()));
      }
    }
    asleep_.store(false, std::memory_order_seq_cst);
  }

  void wake() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!asleep_.load(std::memory_order_relaxed)) return;
    if (!asleep_.exchange(false, std::memory_order_seq_cst)) return;  // somebody else rings
    // The lock is only passed through: after it the sleeper waits, or has seen what was pushed. To
    // hold it while ringing would wake the sleeper into a lock.
    { const std::lock_guard lock(mutex_); }
    bell_.notify_one();
  }

  const Duration spin_;
  bool hot_ = true;  // the last look found something; the thread's own, as is the next
  uint32_t cold_waits_ = 0;
  streams::TaskQueue tasks_;
  streams::TaskQueue arming_;
  std::priority_queue<std::shared_ptr<streams::TimerTask>,
                      std::vector<std::shared_ptr<streams::TimerTask>>, Later>
      timers_;  // the thread's own
  std::atomic<bool> stopping_{false};
  std::atomic<bool> asleep_{false};
  std::mutex mutex_;
  std::condition_variable bell_;
  std::thread thread_;
};

ThreadPool::ThreadPool(ThreadPoolOptions options) {
  WEIR_ASSERT(options.threads >= 1 && options.threads <= 256 && options.spin >= Duration::zero());
  for (size_t i = 0; i < options.threads; ++i) {
    lanes_.push_back(std::make_shared<Lane>(options.spin));
    lanes_.back()->start();
  }
}

ThreadPool::~ThreadPool() {
  for (const auto& lane : lanes_) lane->stop();
}

std::shared_ptr<streams::Worker> ThreadPool::worker() {
  return lanes_[next_.fetch_add(1, std::memory_order_relaxed) % lanes_.size()];
}

Instant ThreadPool::now() const noexcept {
  return steady_now();
}

void ThreadPool::post_at(Instant when, std::shared_ptr<streams::TimerTask> task) noexcept {
  lanes_[next_.fetch_add(1, std::memory_order_relaxed) % lanes_.size()]->post_at(when,
                                                                                 std::move(task));
}

}  // namespace weir::exec
