#include "http/header_names.h"

#include <cstddef>
#include <cstring>

namespace weir::http {
namespace {

constexpr size_t kNameMin = 2;
constexpr size_t kNameMax = 32;    // "x-envoy-expected-rq-timeout-ms" has 30
constexpr unsigned kSlotBits = 9;  // one multiplier in 50 is perfect: cheap to find at compile time
constexpr uint8_t kEmptySlot = 0;

constexpr uint64_t folded(char c) noexcept {
  return static_cast<unsigned char>(c) | 0x20u;
}

// Five features tell all the names apart; the multiplier below spreads them without a collision.
constexpr uint64_t features(const char* name, size_t size) noexcept {
  return size | folded(name[0]) << 8 | folded(name[size / 2]) << 16 | folded(name[size - 2]) << 24 |
         folded(name[size - 1]) << 32;
}

constexpr size_t slot_of(uint64_t key, uint64_t multiplier) noexcept {
  return static_cast<size_t>((key * multiplier) >> (64 - kSlotBits));
}

struct SlotTable {
  uint64_t multiplier = 0;
  std::array<uint8_t, 1u << kSlotBits> slots = {};
};

constexpr bool try_fill(SlotTable& table) noexcept {
  table.slots = {};
  for (size_t i = 1; i < kHeaderNames.size(); ++i) {
    const std::string_view name = kHeaderNames[i];
    uint8_t& slot = table.slots[slot_of(features(name.data(), name.size()), table.multiplier)];
    if (slot != kEmptySlot) return false;
    slot = static_cast<uint8_t>(i);
  }
  return true;
}

// The compiler looks for a perfect multiplier, so adding a name needs no generated file.
constexpr SlotTable make_slots() noexcept {
  SlotTable table;
  uint64_t candidate = 0x9e3779b97f4a7c15;
  for (int attempt = 0; attempt < 20'000; ++attempt) {
    table.multiplier = candidate;
    if (try_fill(table)) return table;
    candidate = candidate * 6364136223846793005u + 1442695040888963407u;
  }
  table.multiplier = 0;
  return table;
}

constexpr SlotTable kSlots = make_slots();
static_assert(kSlots.multiplier != 0, "no perfect hash found: choose other features");

// `fold` has 0x20 only under letters, so (input | fold) == lower is exact for every byte value.
struct Spelling {
  alignas(8) char lower[kNameMax] = {};
  alignas(8) char fold[kNameMax] = {};
};

constexpr std::array<Spelling, kHeaderNames.size()> make_spellings() noexcept {
  std::array<Spelling, kHeaderNames.size()> all = {};
  for (size_t i = 0; i < kHeaderNames.size(); ++i) {
    for (size_t j = 0; j < kHeaderNames[i].size(); ++j) {
      const char c = kHeaderNames[i][j];
      all[i].lower[j] = c;
      all[i].fold[j] = c >= 'a' && c <= 'z' ? 0x20 : 0;
    }
  }
  return all;
}

constexpr auto kSpellings = make_spellings();

template <typename Word>
bool equal_word(const char* input, const Spelling& spelling, size_t at) noexcept {
  Word word, lower, fold;
  std::memcpy(&word, input + at, sizeof word);
  std::memcpy(&lower, spelling.lower + at, sizeof lower);
  std::memcpy(&fold, spelling.fold + at, sizeof fold);
  return static_cast<Word>(word | fold) == lower;
}

bool spells(const char* input, size_t size, const Spelling& spelling) noexcept {
  if (size >= 8) {
    for (size_t at = 0; at + 8 < size; at += 8) {
      if (!equal_word<uint64_t>(input, spelling, at)) return false;
    }
    return equal_word<uint64_t>(input, spelling, size - 8);
  }
  if (size >= 4) {
    return equal_word<uint32_t>(input, spelling, 0) &&
           equal_word<uint32_t>(input, spelling, size - 4);
  }
  return equal_word<uint16_t>(input, spelling, 0) &&
         equal_word<uint16_t>(input, spelling, size - 2);
}

}  // namespace

HeaderName recognise(std::string_view name) noexcept {
  if (name.size() < kNameMin || name.size() > kNameMax) return HeaderName::kOther;
  const uint64_t key = features(name.data(), name.size());
  const uint8_t index = kSlots.slots[slot_of(key, kSlots.multiplier)];
  if (kHeaderNames[index].size() != name.size()) return HeaderName::kOther;
  if (!spells(name.data(), name.size(), kSpellings[index])) return HeaderName::kOther;
  return static_cast<HeaderName>(index);
}

}  // namespace weir::http
