#include "weir/streams/virtual_scheduler.h"

#include <algorithm>
#include <utility>

namespace weir::streams {

class VirtualScheduler::QueueWorker final : public Worker {
 public:
  explicit QueueWorker(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void post(std::shared_ptr<Task> task) noexcept override { state_->tasks.push(std::move(task)); }

 private:
  const std::shared_ptr<State> state_;
};

VirtualScheduler::~VirtualScheduler() {
  while (state_->tasks.pop() != nullptr) {
  }
  state_->timers = {};
}

std::shared_ptr<Worker> VirtualScheduler::worker() {
  return std::make_shared<QueueWorker>(state_);
}

void VirtualScheduler::post_at(Instant when, std::shared_ptr<TimerTask> task) noexcept {
  task->when = when;
  state_->timers.push(Timer{when, state_->orders++, std::move(task)});
}

void VirtualScheduler::run() {
  for (;;) {
    if (const auto task = state_->tasks.pop()) {
      task->run();
    } else if (next_timer() <= state_->now) {
      const auto timer = state_->timers.top().task;
      state_->timers.pop();
      timer->run();
    } else {
      return;
    }
  }
}

void VirtualScheduler::advance(Duration by) {
  const Instant until = state_->now + by;
  run();
  while (next_timer() <= until) {
    state_->now = std::max(state_->now, next_timer());
    run();
  }
  state_->now = until;
}

Instant VirtualScheduler::next_timer() const noexcept {
  return state_->timers.empty() ? kInstantMax : state_->timers.top().when;
}

}  // namespace weir::streams
