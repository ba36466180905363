#include "http/scan.h"

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::http {
namespace {

struct IsControl {
  static bool one(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  }
#if defined(__SSE2__)
  static unsigned sixteen(__m128i bytes) noexcept {
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del)));
  }
#endif
};

struct IsNoTarget {
  static bool one(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte >= 0x7f || byte == '#';
  }
#if defined(__SSE2__)
  static unsigned sixteen(__m128i bytes) noexcept {
    // As signed numbers 0x80–0xFF are negative, so one compare takes them with 0x00–0x20.
    const __m128i out = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21));
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    const __m128i hash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('#'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(out, _mm_or_si128(del, hash))));
  }
#endif
};

struct IsColon {
  static bool one(char c) noexcept { return c == ':'; }
#if defined(__SSE2__)
  static unsigned sixteen(__m128i bytes) noexcept {
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(':'))));
  }
#endif
};

template <typename Class>
size_t find(std::string_view bytes, size_t from) noexcept {
  const char* data = bytes.data();
  const size_t size = bytes.size();
#if defined(__SSE2__)
  for (; from + 16 <= size; from += 16) {
    const auto* block = reinterpret_cast<const __m128i*>(data + from);
    const unsigned mask = Class::sixteen(_mm_loadu_si128(block));
    if (mask != 0) return from + static_cast<size_t>(std::countr_zero(mask));
  }
#endif
  for (; from < size; ++from) {
    if (Class::one(data[from])) return from;
  }
  return size;
}

}  // namespace

size_t find_control(std::string_view bytes, size_t from) noexcept {
  return find<IsControl>(bytes, from);
}

size_t find_colon(std::string_view bytes) noexcept {
  return find<IsColon>(bytes, 0);
}

size_t find_target_end(std::string_view bytes, size_t from) noexcept {
  return find<IsNoTarget>(bytes, from);
}

}  // namespace weir::http
