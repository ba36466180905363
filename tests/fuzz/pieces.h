// For fuzzers of parsers: the same bytes in pieces, each in memory of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/base/assert.h"
#include "weir/base/rng.h"

namespace weir::fuzz {

/// A copy of exactly these bytes on the heap, so that a read beyond them is seen by ASan.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  std::string_view view() const noexcept { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

/// A seed that follows from the input: corpus files stay plain messages, and runs repeat.
inline uint64_t seed_of(std::string_view bytes) noexcept {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

/// Growing ends of pieces, the last one `size`. Mostly few pieces, sometimes byte by byte.
inline std::vector<size_t> random_ends(size_t size, Rng& rng) {
  constexpr uint64_t kPieceMaxes[] = {1, 3, 17, 200, 4000};
  const uint64_t piece_max = kPieceMaxes[rng.below(5)];
  std::vector<size_t> ends;
  for (size_t at = rng.below(piece_max + 1); at < size; at += 1 + rng.below(piece_max)) {
    ends.push_back(at);
  }
  ends.push_back(size);
  return ends;
}

/// A part of the message lies inside the bytes that were given.
inline void check_inside(std::string_view part, std::string_view whole) noexcept {
  if (part.empty()) return;
  WEIR_ASSERT(part.data() >= whole.data());
  WEIR_ASSERT(part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace weir::fuzz
