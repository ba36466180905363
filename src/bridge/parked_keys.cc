#include "bridge/parked_keys.h"

#include "weir/base/assert.h"

namespace weir::bridge {

void ParkedKeys::announced(int tier, int64_t offset, uint64_t key, int64_t read_next) {
  if (offset < read_next) return;
  announced_[static_cast<size_t>(tier - 1)].push_back({offset, key});
  ++keys_[key][static_cast<size_t>(tier - 1)];
}

void ParkedKeys::arrived(int tier, int64_t offset, uint64_t key) {
  auto& waiting = announced_[static_cast<size_t>(tier - 1)];
  // What was skipped is gone: retention or an operator deleted it, and it will never be done.
  while (!waiting.empty() && waiting.front().offset < offset) {
    const uint64_t gone = waiting.front().key;
    waiting.pop_front();
    left(tier, gone);
  }
  if (!waiting.empty() && waiting.front().offset == offset) {
    waiting.pop_front();
    return;
  }
  ++keys_[key][static_cast<size_t>(tier - 1)];
}

void ParkedKeys::left(int tier, uint64_t key) {
  const auto found = keys_.find(key);
  WEIR_ASSERT(found != keys_.end() && found->second[static_cast<size_t>(tier - 1)] > 0);
  --found->second[static_cast<size_t>(tier - 1)];
  if (found->second == Counts{}) keys_.erase(found);
}

bool ParkedKeys::parked_above(int tier, uint64_t key) const noexcept {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return false;
  for (size_t above = static_cast<size_t>(tier); above < kTiersMax; ++above)
    if (found->second[above] > 0) return true;
  return false;
}

}  // namespace weir::bridge
