#include "loop/loop_scheduler.h"

#include <atomic>
#include <queue>
#include <utility>
#include <vector>

#include "net/task.h"
#include "net/timer.h"

namespace weir::loop {
namespace {

struct Later {
  bool operator()(const std::shared_ptr<streams::TimerTask>& a,
                  const std::shared_ptr<streams::TimerTask>& b) const noexcept {
    return a->when > b->when;
  }
};

}  // namespace

// Shared by its workers, which operators hold. It rings the loop once for any number of posts, and
// holds itself while the bell is on its way.
class LoopScheduler::Lane final : public streams::Worker,
                                  public std::enable_shared_from_this<Lane> {
 public:
  explicit Lane(net::EventLoop& loop)
      : loop_(loop),
        bell_(net::Callback::to<&Lane::on_bell>(this), net::Callback::to<&Lane::on_discard>(this)),
        alarm_(loop.timers(), net::Callback::to<&Lane::run_timers>(this)) {}

  void post(std::shared_ptr<streams::Task> task) noexcept override {
    tasks_.push(std::move(task));
    ring();
  }
  void post_at(Instant when, std::shared_ptr<streams::TimerTask> task) noexcept {
    task->when = when;
    arming_.push(std::move(task));  // the heap is the loop's own
    ring();
  }
  Instant now() const noexcept { return loop_.clock().now(); }

  /// A queued task holds its worker, which holds the queue.
  void close() noexcept {
    alarm_.cancel();
    while (tasks_.pop() != nullptr) {
    }
    while (arming_.pop() != nullptr) {
    }
    timers_ = {};
  }

 private:
  void ring() noexcept {
    if (rung_.exchange(true, std::memory_order_acq_rel)) return;
    self_ = shared_from_this();
    loop_.post(bell_);
  }

  void on_bell() {
    const auto keep = std::move(self_);
    // What is posted from here on rings again; what came before is found below.
    rung_.exchange(false, std::memory_order_acq_rel);
    while (auto timer = arming_.pop())
      timers_.push(std::static_pointer_cast<streams::TimerTask>(std::move(timer)));
    for (int i = 0; i < kTasksPerTurn; ++i) {
      const auto task = tasks_.pop();
      if (task == nullptr) break;
      task->run();
    }
    if (!tasks_.empty()) ring();
    run_timers();
  }
  void on_discard() { const auto keep = std::move(self_); }

  void run_timers() {
    const auto keep = shared_from_this();
    while (!timers_.empty() && timers_.top()->when <= loop_.now()) {
      const auto timer = timers_.top();
      timers_.pop();
      timer->run();
    }
    alarm_.arm(timers_.empty() ? kInstantMax : timers_.top()->when);
  }

  net::EventLoop& loop_;
  net::Task bell_;
  net::Timer alarm_;  // for the earliest of timers_
  streams::TaskQueue tasks_;
  streams::TaskQueue arming_;
  // Bound: an operator arms one timer at a time.
  std::priority_queue<std::shared_ptr<streams::TimerTask>,
                      std::vector<std::shared_ptr<streams::TimerTask>>, Later>
      timers_;
  std::atomic<bool> rung_{false};
  std::shared_ptr<Lane> self_;  // while rung_
};

LoopScheduler::LoopScheduler(net::EventLoop& loop) : lane_(std::make_shared<Lane>(loop)) {}

LoopScheduler::~LoopScheduler() {
  lane_->close();
}

std::shared_ptr<streams::Worker> LoopScheduler::worker() {
  return lane_;
}

Instant LoopScheduler::now() const noexcept {
  return lane_->now();
}

void LoopScheduler::post_at(Instant when, std::shared_ptr<streams::TimerTask> task) noexcept {
  lane_->post_at(when, std::move(task));
}

}  // namespace weir::loop
