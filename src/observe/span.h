// Spans: what a trace keeps of a request that passed through, in bounded memory.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "observe/event.h"

namespace weir::observe {

/// A W3C trace context (Trace Context §3.2): which trace a request belongs to.
struct TraceContext {
  std::array<uint8_t, 16> trace_id{};
  uint64_t parent_id = 0;  ///< the caller's span; 0: this is the root
  uint64_t span_id = 0;    ///< our own; 0: there is no trace
  bool sampled = false;

  bool present() const noexcept { return span_id != 0; }

  /// Reads a traceparent of version 00 or later into trace_id, parent_id and sampled; false when it
  /// is not one.
  bool parse(std::string_view traceparent) noexcept;
  /// "00-…-…-01": what the next hop gets. 55 characters.
  void write(char* to) const noexcept;
  static constexpr size_t kTextSize = 55;
};

/// One finished request. A plain record; pointers are to static text.
struct SpanRecord {
  TraceContext trace{};
  int64_t begin_ns = 0;  ///< since 1970
  int64_t end_ns = 0;
  int64_t admitted_ns = 0;  ///< when it left the queue; 0: never
  ShortName route{};
  ShortName upstream{};
  ShortName path{};
  const char* method = "";
  const char* priority = "";
  const char* result = "";  ///< success, failure, dropped, ignored, refused
  const char* reason = "";  ///< of a refusal
  uint16_t status = 0;      ///< of the answer; 0: none was sent
};

/// Implemented by the host; called from the exporter's thread.
class SpanSource {
 public:
  virtual ~SpanSource() = default;

  /// The spans after `next` (one number for each ring, grown as needed) that are still there; adds
  /// to `lost` those that are not.
  virtual std::vector<SpanRecord> spans_after(std::vector<uint64_t>& next,
                                              uint64_t& lost) const = 0;
};

}  // namespace weir::observe
