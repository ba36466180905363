// Writes that are put off to the end of a turn, so that the streams of one connection share them.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace weir::proxy {

/// A connection that sends once a turn.
class TurnFlusher {
 public:
  virtual ~TurnFlusher() = default;
  /// Sends what waits; may ask for another turn.
  virtual void flush_turn() = 0;

 private:
  friend class TurnFlushes;
  bool queued_ = false;
};

/// Those of one loop that have something to send; at most one entry a connection. Not thread-safe.
class TurnFlushes {
 public:
  void add(TurnFlusher& flusher) {
    if (!std::exchange(flusher.queued_, true)) waiting_.push_back(&flusher);
  }
  void remove(TurnFlusher& flusher) noexcept {
    if (!std::exchange(flusher.queued_, false)) return;
    std::ranges::replace(waiting_, &flusher, nullptr);
    std::ranges::replace(running_, &flusher, nullptr);
  }
  bool empty() const noexcept { return waiting_.empty(); }

  /// Each of them once; what is added meanwhile waits for the next call.
  void run() {
    std::swap(waiting_, running_);
    for (size_t i = 0; i < running_.size(); ++i) {
      TurnFlusher* const flusher = running_[i];
      if (flusher == nullptr) continue;
      flusher->queued_ = false;
      flusher->flush_turn();
    }
    running_.clear();
  }

 private:
  std::vector<TurnFlusher*> waiting_;
  std::vector<TurnFlusher*> running_;
};

}  // namespace weir::proxy
