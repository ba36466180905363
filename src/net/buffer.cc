#include "net/buffer.h"

#include <algorithm>
#include <cstring>

#include "weir/base/assert.h"

namespace weir::net {

SlabPool::~SlabPool() {
  WEIR_ASSERT(outstanding_ == 0);
  for (char* slab : slabs_) delete[] slab;
  for (char* slab : large_slabs_) delete[] slab;
}

char* SlabPool::take(size_t size) {
  WEIR_ASSERT(size == kSlab || size == kLargeSlab);
  ++outstanding_;
  outstanding_bytes_ += size;
  std::vector<char*>& free = shelf(size);
  if (free.empty()) return new char[size];
  char* slab = free.back();  // the last one back is the warmest in cache
  free.pop_back();
  return slab;
}

void SlabPool::give(char* slab, size_t size) noexcept {
  --outstanding_;
  outstanding_bytes_ -= size;
  std::vector<char*>& free = shelf(size);
  if (free.size() < (size == kSlab ? kKeepMax : kKeepLargeMax)) {
    free.push_back(slab);
  } else {
    delete[] slab;
  }
}

std::span<char> Buffer::prepare() {
  if (slab_ == nullptr) {
    slab_ = pool_->take(SlabPool::kSlab);
    capacity_ = SlabPool::kSlab;
  }
  if (end_ == capacity_ && begin_ != 0) {
    std::memmove(slab_, slab_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  return {slab_ + end_, capacity_ - end_};
}

void Buffer::consume(size_t bytes) noexcept {
  WEIR_ASSERT(bytes <= size());
  begin_ += static_cast<uint32_t>(bytes);
  if (begin_ == end_) release();
}

size_t Buffer::append(std::string_view bytes) {
  std::span<char> room = prepare();
  if (room.size() < bytes.size() && begin_ != 0) {
    std::memmove(slab_, slab_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
    room = {slab_ + end_, capacity_ - end_};
  }
  const size_t count = std::min(room.size(), bytes.size());
  std::memcpy(room.data(), bytes.data(), count);
  commit(count);
  return count;
}

bool Buffer::grow() {
  if (capacity_ == SlabPool::kLargeSlab) return false;
  char* larger = pool_->take(SlabPool::kLargeSlab);
  const size_t held = size();
  if (slab_ != nullptr) {
    std::memcpy(larger, slab_ + begin_, held);
    pool_->give(slab_, capacity_);
  }
  slab_ = larger;
  capacity_ = SlabPool::kLargeSlab;
  begin_ = 0;
  end_ = static_cast<uint32_t>(held);
  return true;
}

void Buffer::release() noexcept {
  if (slab_ != nullptr) pool_->give(slab_, capacity_);
  slab_ = nullptr;
  capacity_ = begin_ = end_ = 0;
}

}  // namespace weir::net
