// next: awaitable consumption. A coroutine takes items one at a time, where it wants them.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "weir/base/assert.h"
#include "weir/streams/ending.h"
#include "weir/streams/flow.h"
#include "weir/streams/replenish.h"
#include "weir/streams/spsc_ring.h"
#include "weir/streams/upstream.h"

namespace weir::streams {

namespace detail {

template <typename T>
class ReaderState final : public Subscriber<T> {
 public:
  explicit ReaderState(uint64_t items) : items_(items), ring_(items), replenisher_(items) {
    WEIR_ASSERT(items >= 1 && items <= kBufferItemsMax);
  }

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (up_.set(std::move(up))) up_.get().request(items_);
  }
  void on_next(T item) noexcept override {
    try_next(std::move(item));
    flush();
  }
  bool try_next(T item) noexcept override {
    if (!ending_.done() && !ring_.push(std::move(item))) {
      up_.cancel();
      on_error(StreamError::fault(StreamFault::kOverflow, "more items than requested (§1.1)"));
    }
    return true;
  }
  void flush() noexcept override {
    if (ring_.unpublished() == 0) return;  // a reader that is woken finds something
    ring_.publish();
    wake();
  }
  void on_error(StreamError error) noexcept override {
    ring_.publish();
    if (ending_.end(std::move(error))) wake();
  }
  void on_complete() noexcept override { on_error(StreamError()); }

  // The reader's side.
  bool ready() noexcept { return ending_.done() || ring_.front() != nullptr; }
  /// False when there is something to read after all, and the coroutine goes on. Once it says true
  /// the producer may have resumed, even ended, the coroutine: nothing may be touched after that.
  bool wait(std::coroutine_handle<> reader) noexcept {
    reader_ = reader;
    for (;;) {
      auto expected = Bell::kSilent;
      if (bell_.compare_exchange_strong(expected, Bell::kWaitedFor, std::memory_order_acq_rel))
        return true;
      bell_.store(Bell::kSilent, std::memory_order_seq_cst);
      if (ready()) return false;
    }
  }
  std::optional<T> take() noexcept {
    if (ring_.front() == nullptr) return std::nullopt;
    std::optional<T> item(ring_.take());
    if (const uint64_t more = replenisher_.used(1); more != 0) up_.get().request(more);
    return item;
  }
  void cancel() noexcept { up_.cancel(); }
  /// Once take() has returned nothing.
  const StreamError& error() const noexcept { return ending_.error(); }

 private:
  enum class Bell : uint8_t { kSilent, kWaitedFor, kRung };

  void wake() noexcept {
    if (bell_.exchange(Bell::kRung, std::memory_order_acq_rel) != Bell::kWaitedFor) return;
    bell_.store(Bell::kSilent, std::memory_order_relaxed);
    std::exchange(reader_, nullptr).resume();
  }

  const uint64_t items_;
  UpstreamSlot up_;
  SpscRing<T> ring_;
  Ending ending_;
  std::atomic<Bell> bell_{Bell::kSilent};
  std::coroutine_handle<> reader_;  // written before kWaitedFor
  Replenisher replenisher_;
};

}  // namespace detail

/// A flow that a coroutine reads. Move-only; one coroutine at a time. Its destruction cancels the
/// flow, and must not happen while a coroutine waits in next().
template <typename T>
class Reader {
 public:
  explicit Reader(std::shared_ptr<detail::ReaderState<T>> state) noexcept
      : state_(std::move(state)) {}
  Reader(Reader&&) noexcept = default;
  Reader& operator=(Reader&&) = delete;
  ~Reader() {
    if (state_ != nullptr) state_->cancel();
  }

  /// `co_await reader.next()` is the next item, or nothing at the end; then error() tells why. The
  /// coroutine goes on on the thread that brought the item, inside its on_next: bring it home with
  /// publish_on where that matters.
  auto next() noexcept {
    struct Awaitable {
      detail::ReaderState<T>& state;
      bool await_ready() const noexcept { return state.ready(); }
      bool await_suspend(std::coroutine_handle<> reader) const noexcept {
        return state.wait(reader);
      }
      std::optional<T> await_resume() const noexcept { return state.take(); }
    };
    return Awaitable{*state_};
  }

  /// The error that ended the flow; empty after a completion. Valid once next() has given nothing.
  const StreamError& error() const noexcept { return state_->error(); }

 private:
  std::shared_ptr<detail::ReaderState<T>> state_;
};

/// Subscribes to `flow`; asks for `items` ahead, and for more when three quarters are read.
template <FlowLike P>
auto read(const P& flow, uint64_t items = 64) {
  using T = typename P::Item;
  auto state = std::make_shared<detail::ReaderState<T>>(items);
  flow.subscribe(state);
  return Reader<T>(std::move(state));
}

/// `co_await next(reader)`.
template <typename T>
auto next(Reader<T>& reader) noexcept {
  return reader.next();
}

/// The return type of a coroutine that runs by itself: it begins at the call and frees itself at
/// its end. An exception that leaves it ends the process.
struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

}  // namespace weir::streams
