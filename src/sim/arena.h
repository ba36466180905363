// Arena: objects that never move and are found by their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace weir::sim {

/// Grows in blocks and never shrinks; a number costs one shift and one load more than a pointer.
template <typename T>
class Arena {
 public:
  uint32_t size() const noexcept { return size_; }
  T& operator[](uint32_t number) noexcept { return blocks_[number >> kShift][number & kMask]; }

  /// A new object at the end; its number is size() before.
  T& add() {
    if ((size_ & kMask) == 0) blocks_.push_back(std::make_unique<T[]>(kMask + 1));
    return (*this)[size_++];
  }

 private:
  static constexpr int kShift = 10;
  static constexpr uint32_t kMask = (1u << kShift) - 1;

  std::vector<std::unique_ptr<T[]>> blocks_;
  uint32_t size_ = 0;
};

}  // namespace weir::sim
