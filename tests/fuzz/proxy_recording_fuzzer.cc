// Recordings: whatever the bytes, the reader ends, with entries that hold together or an error.
#include <cstdint>
#include <string_view>

#include "proxy/recording.h"
#include "weir/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  auto reader = weir::proxy::RecordingReader::open(in);
  if (!reader) return 0;
  for (size_t entries = 0;; ++entries) {
    WEIR_ASSERT(entries <= size);
    const auto entry = reader->next();
    if (!entry || !entry->has_value()) return 0;
    const auto* decision = std::get_if<weir::proxy::RecordedDecision>(&**entry);
    if (decision == nullptr) continue;
    const weir::WindowStats& window = decision->window;
    WEIR_ASSERT(window.length() >= weir::Duration::zero());
    WEIR_ASSERT(window.latency.sum_ns() >= 0 && window.inflight_sum >= 0);
  }
}
