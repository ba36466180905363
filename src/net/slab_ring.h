// SlabRing: a FIFO of up to 64 KiB in slabs that it borrows one by one.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "net/buffer.h"

namespace weir::net {

/// For streams of a multiplexed connection, which wait for each other's windows and so may hold
/// more than one slab. Empty it holds none. Never moves its bytes. Not thread-safe.
class SlabRing {
 public:
  static constexpr size_t kSlabs = 4;
  static constexpr size_t kCapacity = kSlabs * SlabPool::kSlab;

  explicit SlabRing(SlabPool& pool) noexcept : pool_(&pool) {}
  SlabRing(const SlabRing&) = delete;
  SlabRing& operator=(const SlabRing&) = delete;
  ~SlabRing() { release(); }

  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// Appends what fits into kCapacity; returns how much that was.
  size_t append(std::string_view bytes);
  /// The bytes at the front that lie in one slab; empty only when the ring is.
  std::string_view front() const noexcept;
  /// Drops bytes at the front.
  void consume(size_t bytes) noexcept;
  /// Moves bytes out of the front; out.size() ≤ size().
  void take(std::span<char> out) noexcept;
  /// Gives all slabs back, bytes and all.
  void release() noexcept;

 private:
  SlabPool* pool_;
  std::array<char*, kSlabs> slabs_ = {};
  size_t begin_ = 0;  // < kCapacity
  size_t size_ = 0;
};

}  // namespace weir::net
