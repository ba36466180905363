// Pull sources: publishers that have the next item whenever they are asked, such as a range, a
// container or a coroutine. One drain loop turns any of them into a publisher.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "weir/streams/demand.h"
#include "weir/streams/drain.h"
#include "weir/streams/publisher.h"

namespace weir::streams {

/// What one pull did.
enum class Pull : uint8_t {
  kItem,   ///< emitted an item; there may be more
  kLast,   ///< emitted an item, the last one
  kEnd,    ///< emitted nothing; the end
  kError,  ///< emitted nothing; error() says why
};

namespace detail {
struct EmitNothing {
  template <typename T>
  void operator()(T&&) const noexcept {}
};
}  // namespace detail

/// `pull(emit)` calls emit(item) at most once and says what it did; it does not throw. `done()`
/// tells that nothing is left, so that an empty source ends without any request (§1.4, §1.5).
/// Copyable: each subscriber pulls from a copy of its own. Used by one thread at a time.
template <typename S>
concept PullSource = requires(S source, detail::EmitNothing emit) {
  typename S::Item;
  { source.pull(emit) } -> std::same_as<Pull>;
  { source.done() } -> std::same_as<bool>;
};

/// The subscription of a pull source. `Down` is a static stage (see stage.h), so that the compiler
/// sees source, operators and sink as one loop. Whoever moves the demand from zero emits; others
/// only add. request: lock-free; from inside on_next two plain instructions. cancel: one store, and
/// the emitter lets go of the subscriber before its next item (§3.12, §3.13).
template <typename Source, typename Down>
class PullSubscription final : public Subscription,
                               public std::enable_shared_from_this<PullSubscription<Source, Down>> {
 public:
  PullSubscription(Source source, Down down) : source_(std::move(source)), down_(std::move(down)) {}

  /// Signals on_subscribe, then emits what was requested meanwhile. The demand starts at one, which
  /// is nobody's, so that no other thread emits before on_subscribe has returned (§1.3).
  void start() noexcept {
    const auto keep = this->shared_from_this();
    emitter_.claim();
    down_->on_subscribe(keep);
    drain(1);
  }

  void request(uint64_t n) noexcept override {
    if (n == 0) {
      auto expected = Stop::kNo;
      stop_.compare_exchange_strong(expected, Stop::kIllegalRequest, std::memory_order_acq_rel);
      n = 1;  // wakes the drain, which looks at stop_ first
    }
    if (emitter_.mine()) {
      credit_ = saturating_add(credit_, n);
    } else if (demand_.add(n) == 0) {
      emitter_.claim();
      const auto keep = this->shared_from_this();
      const uint64_t taken = demand_.value();
      credit_ = taken;
      drain(taken);
    }
  }

  void cancel() noexcept override {
    stop_.store(Stop::kCancelled, std::memory_order_release);
    if (!emitter_.mine()) request(1);
  }

 private:
  enum class Stop : uint8_t { kNo, kCancelled, kIllegalRequest };

  // Runs with demand_ > 0, which makes it the only one, and leaves demand_ > 0 for good once the
  // stream has ended, so that nobody enters again.
  void drain(uint64_t taken) noexcept {
    while (emit()) {
      emitter_.yield();
      taken = demand_.sub(taken);
      if (taken == 0) return;
      emitter_.claim();
      credit_ = taken;
    }
    down_.reset();
    emitter_.yield();
  }

  // Emits while there is credit; false when the stream has ended.
  bool emit() noexcept {
    for (;;) {
      if (stop_.load(std::memory_order_acquire) != Stop::kNo) return end_stopped();
      if (source_.done()) return end_complete();
      if (credit_ == 0) {
        down_->flush();
        // Requests that flush led to, and a cancel that found this thread emitting, must not get
        // lost.
        if (credit_ == 0 && stop_.load(std::memory_order_acquire) == Stop::kNo) return true;
        continue;
      }
      const Pull pulled = source_.pull([this](auto&& item) {
        credit_ -= down_->try_next(std::forward<decltype(item)>(item)) ? 1 : 0;
      });
      if (pulled == Pull::kItem) [[likely]]
        continue;
      return end_pulled(pulled);
    }
  }

  bool end_stopped() noexcept {
    if (stop_.load(std::memory_order_acquire) == Stop::kIllegalRequest)
      down_->on_error(illegal_request());
    return false;
  }

  bool end_complete() noexcept {
    down_->on_complete();
    return false;
  }

  bool end_pulled(Pull pulled) noexcept {
    if (stop_.load(std::memory_order_acquire) != Stop::kNo) return end_stopped();
    if (pulled != Pull::kError) return end_complete();
    if constexpr (requires { source_.error(); }) down_->on_error(source_.error());
    return false;
  }

  Source source_;
  std::optional<Down> down_;  // released at the end: §3.13
  uint64_t credit_ = 0;       // demand that the emitting thread has taken over
  Emitter emitter_;
  std::atomic<Stop> stop_{Stop::kNo};
  DemandCounter demand_{1};

 public:
  PullSubscription(const PullSubscription&) = delete;
  PullSubscription& operator=(const PullSubscription&) = delete;
};

}  // namespace weir::streams
