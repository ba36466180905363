#include "net/event_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "weir/base/assert.h"

namespace weir::net {

// A function posted by value: a task that is gone after it ran.
struct EventLoop::FunctionTask {
  explicit FunctionTask(std::function<void()> f)
      : function(std::move(f)),
        task(Callback::to<&FunctionTask::run>(this), Callback::to<&FunctionTask::discard>(this)) {}
  void run() {
    const std::unique_ptr<FunctionTask> self(this);
    function();
  }
  void discard() { delete this; }

  std::function<void()> function;
  Task task;
};

EventLoop::EventLoop(const Clock& clock)
    : clock_(clock),
      now_(clock.now()),
      timers_(now_),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  WEIR_ASSERT(epoll_ && wake_);
  const bool added = add(wake_.get(), *this, EPOLLIN | EPOLLET);
  WEIR_ASSERT(added);
}

EventLoop::~EventLoop() {
  Task* task = mailbox_.exchange(nullptr, std::memory_order_acquire);
  while (task != nullptr) {
    Task* next = task->next_;
    if (task->discard_) task->discard_();
    task = next;
  }
}

bool EventLoop::add(int fd, IoHandler& handler, uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  const bool added = epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  WEIR_ASSERT(added || errno == ENOSPC || errno == ENOMEM);  // the rest is a mistake of ours
  return added;
}

void EventLoop::modify(int fd, IoHandler& handler, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  const int result = epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  WEIR_ASSERT(result == 0);
}

void EventLoop::remove(int fd, IoHandler& handler) noexcept {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (epoll_event& event : pending_)
    if (event.data.ptr == &handler) event.data.ptr = nullptr;
}

void EventLoop::post(Task& task) noexcept {
  if (task.queued_.exchange(true, std::memory_order_acq_rel)) return;
  Task* head = mailbox_.load(std::memory_order_relaxed);
  do {
    task.next_ = head;
  } while (!mailbox_.compare_exchange_weak(head, &task, std::memory_order_release,
                                           std::memory_order_relaxed));
  if (head == nullptr) wake();  // otherwise somebody has rung the bell already
}

void EventLoop::post(std::function<void()> function) {
  post((new FunctionTask(std::move(function)))->task);
}

void EventLoop::stop() noexcept {
  stopped_.store(true, std::memory_order_release);
  wake();
}

void EventLoop::wake() noexcept {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

// The bell: edge-triggered, so the count needs no reading; the mailbox is emptied in every turn.
void EventLoop::on_io(uint32_t) {}

void EventLoop::run_tasks() {
  Task* reversed = mailbox_.exchange(nullptr, std::memory_order_acquire);
  Task* task = nullptr;
  while (reversed != nullptr) task = std::exchange(reversed, std::exchange(reversed->next_, task));
  while (task != nullptr) {
    Task* next = task->next_;
    task->queued_.store(false, std::memory_order_release);
    task->callback_();
    task = next;
  }
}

int EventLoop::wait(Duration timeout) noexcept {
  if (has_pwait2_) {
    timespec limit{};
    limit.tv_sec = static_cast<time_t>(timeout.count() / 1'000'000'000);
    limit.tv_nsec = static_cast<long>(timeout.count() % 1'000'000'000);
    const bool bounded = timeout != Duration::max();
    const int count =
        epoll_pwait2(epoll_.get(), batch_.data(), kBatch, bounded ? &limit : nullptr, nullptr);
    if (count >= 0 || errno != ENOSYS) return count;
    has_pwait2_ = false;  // Linux before 5.11: milliseconds only
  }
  const int64_t millis = timeout.count() / 1'000'000 + (timeout.count() % 1'000'000 != 0 ? 1 : 0);
  const int limit =
      timeout == Duration::max() ? -1 : static_cast<int>(std::min<int64_t>(millis, 3'600'000));
  return epoll_wait(epoll_.get(), batch_.data(), kBatch, limit);
}

void EventLoop::run_once(Duration wait_max) {
  const Instant wakeup = timers_.next_wakeup();
  Duration timeout = wait_max;
  if (wakeup != kInstantMax) {
    const Duration until = std::max(wakeup - now_, Duration::zero());
    timeout = std::min(timeout, until);
  }
  if (std::exchange(hurried_, false) || mailbox_.load(std::memory_order_relaxed) != nullptr)
    timeout = Duration::zero();
  const int count = wait(timeout);
  update_now();
  pending_ = std::span(batch_).first(static_cast<size_t>(std::max(count, 0)));
  while (!pending_.empty()) {
    const epoll_event event = pending_.front();
    pending_ = pending_.subspan(1);
    if (event.data.ptr != nullptr) static_cast<IoHandler*>(event.data.ptr)->on_io(event.events);
  }
  run_tasks();
  timers_.advance(now_);
  if (turn_end_) turn_end_();
}

void EventLoop::run() {
  while (!stopped_.load(std::memory_order_acquire)) run_once(Duration::max());
}

}  // namespace weir::net
