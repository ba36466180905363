// take: the first n items.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/streams/stage.h"

namespace weir::streams {

namespace detail {

/// Passes requests on and remembers a cancel: a downstream that cancels at the last item wants no
/// completion after it (§1.8).
class CancelNote final : public Subscription {
 public:
  explicit CancelNote(std::shared_ptr<Subscription> up) noexcept : up_(std::move(up)) {}
  void request(uint64_t n) noexcept override { up_->request(n); }
  void cancel() noexcept override {
    cancelled_.store(true, std::memory_order_release);
    up_->cancel();
  }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

 private:
  const std::shared_ptr<Subscription> up_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace detail

/// Completes with the n-th item and cancels the upstream; take(0) completes at once.
struct TakeSpec : SameItemSpec {
  template <typename In, typename Down>
  struct Stage {
    Down down;
    uint64_t left;
    bool ended = false;
    std::shared_ptr<detail::CancelNote> note{};

    void on_subscribe(std::shared_ptr<Subscription> up) noexcept {
      ended = left == 0;
      note = std::make_shared<detail::CancelNote>(std::move(up));
      down.on_subscribe(note);
      if (left == 0) finish();
    }
    bool try_next(In item) noexcept {
      if (ended) return true;
      const bool used = down.try_next(std::move(item));
      if (--left == 0) finish();
      return used;
    }
    void on_error(StreamError error) noexcept {
      if (!std::exchange(ended, true)) down.on_error(std::move(error));
      note.reset();
    }
    void on_complete() noexcept {
      if (!std::exchange(ended, true)) down.on_complete();
      note.reset();
    }
    void flush() noexcept {
      if (!ended) down.flush();
    }

    void finish() noexcept {
      ended = true;
      const auto last = std::move(note);
      if (last->cancelled()) return;
      last->cancel();
      down.on_complete();
    }
  };

  template <typename In, typename Down>
  auto stage(Down down) const {
    return Stage<In, Down>{std::move(down), count};
  }

  uint64_t count;
};

inline TakeSpec take(uint64_t count) {
  return {{}, count};
}

}  // namespace weir::streams
