// Rng: seeded randomness that is passed in, so that the same seed gives the same bytes anywhere.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace weir {

/// xoshiro256** by Blackman and Vigna (2018), seeded through SplitMix64. Period 2^256 − 1, about 1
/// ns a draw. Not for secrets. Not thread-safe: give each thread or actor its own, forked.
/// Distributions are written out here because the standard library's differ between vendors.
class Rng {
 public:
  explicit constexpr Rng(uint64_t seed) noexcept {
    for (uint64_t& word : state_) word = split_mix(seed);
  }

  constexpr uint64_t next() noexcept {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1), 53 bits.
  constexpr double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// Uniform in [0, bound); 0 when bound is 0. Multiply-shift (Lemire): bias below 2^-32 for bounds
  /// that fit 32 bits.
  constexpr uint64_t below(uint64_t bound) noexcept {
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }

  /// Exponential with the given mean.
  double exponential(double mean) noexcept { return -mean * std::log1p(-uniform()); }

  /// Standard normal (Box and Muller; one of the pair is dropped to keep the state plain).
  double normal() noexcept {
    const double radius = std::sqrt(exponential(2.0));
    return radius * std::cos(6.283185307179586 * uniform());
  }

  /// An independent generator for a child actor; advances this one by one draw.
  constexpr Rng fork() noexcept { return Rng(next()); }

 private:
  static constexpr uint64_t split_mix(uint64_t& seed) noexcept {
    uint64_t z = (seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t state_[4] = {};
};

}  // namespace weir
