#include "net/slab_ring.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "weir/base/assert.h"

namespace weir::net {

size_t SlabRing::append(std::string_view bytes) {
  const size_t count = std::min(bytes.size(), kCapacity - size_);
  for (size_t done = 0; done < count;) {
    const size_t end = (begin_ + size_) % kCapacity;
    char*& slab = slabs_[end / SlabPool::kSlab];
    if (slab == nullptr) slab = pool_->take(SlabPool::kSlab);
    const size_t offset = end % SlabPool::kSlab;
    const size_t piece = std::min(count - done, SlabPool::kSlab - offset);
    std::memcpy(slab + offset, bytes.data() + done, piece);
    size_ += piece;
    done += piece;
  }
  return count;
}

std::string_view SlabRing::front() const noexcept {
  if (size_ == 0) return {};
  const size_t offset = begin_ % SlabPool::kSlab;
  return {slabs_[begin_ / SlabPool::kSlab] + offset, std::min(size_, SlabPool::kSlab - offset)};
}

void SlabRing::consume(size_t bytes) noexcept {
  WEIR_ASSERT(bytes <= size_);
  while (bytes > 0) {
    const size_t slab = begin_ / SlabPool::kSlab;
    const size_t piece = std::min(bytes, SlabPool::kSlab - begin_ % SlabPool::kSlab);
    begin_ = (begin_ + piece) % kCapacity;
    size_ -= piece;
    bytes -= piece;
    // The slab that was left stays when the ring's end has come round into it.
    const bool left = begin_ / SlabPool::kSlab != slab;
    const bool wrapped = size_ > kCapacity - SlabPool::kSlab;
    if (left && !wrapped) pool_->give(std::exchange(slabs_[slab], nullptr), SlabPool::kSlab);
  }
  if (size_ == 0) release();
}

void SlabRing::take(std::span<char> out) noexcept {
  while (!out.empty()) {
    const std::string_view piece = front().substr(0, out.size());
    WEIR_ASSERT(!piece.empty());
    std::memcpy(out.data(), piece.data(), piece.size());
    out = out.subspan(piece.size());
    consume(piece.size());
  }
}

void SlabRing::release() noexcept {
  for (char*& slab : slabs_) {
    if (slab != nullptr) pool_->give(std::exchange(slab, nullptr), SlabPool::kSlab);
  }
  begin_ = size_ = 0;
}

}  // namespace weir::net
