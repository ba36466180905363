// key_hash: the 64 bits by which records of the same partition and key are told to belong together.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::bridge {

/// FNV-1a over the key, seeded with the source (the index of a partition or a tier's partition) and
/// finished with the mixer of MurmurHash3, so that the low bits are as good as the high ones. Even:
/// odd numbers are free for what has no key. The same in every process and on every machine.
constexpr uint64_t key_hash(uint32_t source, std::string_view key) noexcept {
  uint64_t hash = 0xcbf29ce484222325 ^ (source * 0x9e3779b97f4a7c15);
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return (hash ^ (hash >> 33)) & ~uint64_t{1};
}

}  // namespace weir::bridge
