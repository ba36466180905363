// Buffer: bytes on their way, in slabs that connections borrow only while they hold some.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace weir::net {

/// Slabs of two fixed sizes, kept by one loop. An idle connection holds none, so memory follows the
/// bytes under way and not the number of connections. Not thread-safe.
class SlabPool {
 public:
  /// One slab a direction is what a body streams through: a body of any size costs 16 KiB a
  /// direction.
  static constexpr size_t kSlab = 16 * 1024;
  /// For the rare message head that does not fit: 60 KiB of headers, a URI of 16 KiB, and the line.
  static constexpr size_t kLargeSlab = 80 * 1024;
  /// Slabs kept for reuse; more than that go back to the allocator. 4 MiB and 320 KiB.
  static constexpr size_t kKeepMax = 256;
  static constexpr size_t kKeepLargeMax = 4;

  SlabPool() noexcept = default;
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;
  ~SlabPool();

  char* take(size_t size);
  void give(char* slab, size_t size) noexcept;

  /// Slabs lent out now, and their bytes.
  size_t outstanding() const noexcept { return outstanding_; }
  size_t outstanding_bytes() const noexcept { return outstanding_bytes_; }

 private:
  std::vector<char*>& shelf(size_t size) noexcept { return size == kSlab ? slabs_ : large_slabs_; }

  std::vector<char*> slabs_;
  std::vector<char*> large_slabs_;
  size_t outstanding_ = 0;
  size_t outstanding_bytes_ = 0;
};

/// A contiguous FIFO of bytes in one slab. Empty it holds no slab. Not thread-safe.
class Buffer {
 public:
  explicit Buffer(SlabPool& pool) noexcept : pool_(&pool) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(); }

  std::string_view readable() const noexcept { return {slab_ + begin_, end_ - begin_}; }
  size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }

  /// Free room behind the bytes, after taking a slab or moving the bytes to its front as needed.
  /// Empty when the slab is full.
  std::span<char> prepare();
  void commit(size_t bytes) noexcept { end_ += static_cast<uint32_t>(bytes); }
  /// Drops bytes at the front; gives the slab back with the last one.
  void consume(size_t bytes) noexcept;

  /// Appends what fits; returns how much that was.
  size_t append(std::string_view bytes);

  bool full() const noexcept { return size() == capacity_ && capacity_ != 0; }
  /// Moves to a large slab; false when it is one already.
  bool grow();
  /// Gives the slab back, bytes and all.
  void release() noexcept;

 private:
  SlabPool* pool_;
  char* slab_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
};

}  // namespace weir::net
