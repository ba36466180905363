// SharedSlot: a shared_ptr that several threads read and replace.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace weir::streams {

/// What std::atomic<std::shared_ptr> is, without the race in libstdc++ 12: its load() unlocks with
/// memory_order_relaxed (_Sp_atomic::load in bits/shared_ptr_atomic.h), so a store that follows is
/// not ordered after the copy, and ThreadSanitizer reports it (google/sanitizers#1558). A flag is
/// held for one copy of a pointer; used at subscriptions and retries only, never for an item.
template <typename Pointer>
class SharedSlot {
 public:
  Pointer load() const noexcept {
    const Held held(flag_);
    return pointer_;
  }

  /// Returns what was there before.
  Pointer exchange(Pointer next) noexcept {
    const Held held(flag_);
    return std::exchange(pointer_, std::move(next));
  }

  /// Puts `next` in place of `expected`; else returns false, and what is there in `expected`.
  bool replace(Pointer& expected, Pointer next) noexcept {
    const Held held(flag_);
    if (pointer_ != expected) {
      expected = pointer_;
      return false;
    }
    pointer_.swap(next);
    return true;
  }

 private:
  struct Held {
    explicit Held(std::atomic_flag& of) noexcept : flag(of) {
      while (flag.test_and_set(std::memory_order_acquire)) flag.wait(true);
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() {
      flag.clear(std::memory_order_release);
      flag.notify_one();
    }
    std::atomic_flag& flag;
  };

  mutable std::atomic_flag flag_ = ATOMIC_FLAG_INIT;
  Pointer pointer_;
};

}  // namespace weir::streams
