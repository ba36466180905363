// AckWindow: which offset of a partition may be committed, by what was acknowledged.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>

#include "weir/kafka/record.h"

namespace weir::kafka::detail {

/// Who is told of acknowledgements, from any thread.
class InHand {
 public:
  virtual ~InHand() = default;
  /// `bytes` have come back, with an acknowledgement.
  virtual void acknowledged(uint64_t bytes) noexcept = 0;
  /// `bytes` have come back without one. True: it counts as one.
  virtual bool dropped(uint64_t bytes) noexcept = 0;
};

/// One record that is with the subscriber.
class Slot final : public AckHome {
 public:
  Slot(std::shared_ptr<InHand> owner, int64_t offset, uint64_t bytes) noexcept
      : owner_(std::move(owner)), offset_(offset), bytes_(bytes) {}

  void done() noexcept override {
    done_.store(true, std::memory_order_release);
    owner_->acknowledged(bytes_);
  }
  void dropped() noexcept override {
    if (owner_->dropped(bytes_)) done_.store(true, std::memory_order_release);
  }

  int64_t offset() const noexcept { return offset_; }
  bool is_done() const noexcept { return done_.load(std::memory_order_acquire); }

 private:
  const std::shared_ptr<InHand> owner_;
  const int64_t offset_;
  const uint64_t bytes_;
  std::atomic<bool> done_{false};
};

/// The slots of one partition, in the order of their offsets. Belongs to the consumer's thread;
/// slots are acknowledged from any. Its length is bounded by the bytes in hand, and by kMax for
/// what was done behind one that is not.
class AckWindow {
 public:
  static constexpr size_t kMax = 100'000;

  void push(std::shared_ptr<Slot> slot) { slots_.push_back(std::move(slot)); }
  bool full() const noexcept { return slots_.size() >= kMax; }

  /// The offset to commit, if it has moved since the last call; else -1.
  int64_t advance() noexcept {
    int64_t moved = -1;
    for (; !slots_.empty() && slots_.front()->is_done(); slots_.pop_front())
      moved = slots_.front()->offset() + 1;
    return moved;
  }
  /// All that was emitted is done.
  bool settled() noexcept {
    for (const auto& slot : slots_)
      if (!slot->is_done()) return false;
    return true;
  }

 private:
  std::deque<std::shared_ptr<Slot>> slots_;
};

}  // namespace weir::kafka::detail
