// Ending: how an upstream ended, told by its thread to whoever drains.
#pragma once

#include <atomic>
#include <utility>

#include "weir/streams/error.h"

namespace weir::streams {

/// Written once, by the upstream's terminal signal. The drain looks at done() before it counts what
/// is queued: what was queued before the end is then counted, so no terminal overtakes an item.
class Ending {
 public:
  /// An empty error is completion. False when the upstream had ended before: what comes after a
  /// terminal signal is ignored (§1.7).
  bool end(StreamError error) noexcept {
    if (done()) return false;
    error_ = std::move(error);
    done_.store(true, std::memory_order_release);
    return true;
  }

  bool done() const noexcept { return done_.load(std::memory_order_acquire); }
  /// Valid once done().
  const StreamError& error() const noexcept { return error_; }

 private:
  StreamError error_;  // written before done_
  std::atomic<bool> done_{false};
};

}  // namespace weir::streams
