// Drain: signals one at a time without a lock, whoever calls. The two patterns that every operator
// of this folder is built from.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace weir::streams {

/// Work in progress. The first caller runs the body; callers that come while it runs, on other
/// threads or from inside the body itself, only leave word, and the body runs once more. So the
/// body is serial (§1.3) and the recursion is one level deep (§3.3), whatever calls what.
class Drain {
 public:
  template <typename Body>
  void run(Body&& body) noexcept {
    if (enter()) run_entered(std::forward<Body>(body));
  }

  /// The same after enter().
  template <typename Body>
  void run_entered(Body&& body) noexcept {
    begin();
    do {
      body();
    } while (!leave());
  }

  /// The two halves, for a body that another thread runs: enter() returns true to the one who must
  /// see to it that the body runs.
  bool enter() noexcept { return calls_.fetch_add(1, std::memory_order_acq_rel) == 0; }

  /// Before the body: what has been asked up to here will be done by it.
  void begin() noexcept { seen_ = calls_.load(std::memory_order_acquire); }

  /// After the body: true when there is nothing more to do, false to run it again.
  bool leave() noexcept {
    const uint32_t done = seen_;
    const uint32_t left = calls_.fetch_sub(done, std::memory_order_acq_rel) - done;
    if (left == 0) return true;  // from the subtraction on, seen_ is somebody else's
    seen_ = left;
    return false;
  }

 private:
  std::atomic<uint32_t> calls_{0};
  uint32_t seen_ = 1;  // of calls_, by the body in progress; only the drainer touches it
};

namespace detail {
inline thread_local char thread_mark;
}

/// Which thread emits at the moment. It lets request(), called from inside on_next, see that it is
/// at home: then demand is a plain addition instead of two locked instructions (request(1) an item:
/// 6 ns less on the machine of bench/streams).
class Emitter {
 public:
  bool mine() const noexcept {
    return thread_.load(std::memory_order_relaxed) == &detail::thread_mark;
  }
  void claim() noexcept { thread_.store(&detail::thread_mark, std::memory_order_relaxed); }
  void yield() noexcept { thread_.store(nullptr, std::memory_order_relaxed); }

 private:
  std::atomic<const char*> thread_{nullptr};
};

}  // namespace weir::streams
