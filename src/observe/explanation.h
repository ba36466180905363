// Explanation: one request, told gate by gate: what was compared with what, why the bound was what
// it was, and which line of the configuration moves it. Plain records, no policy types; hosts make
// them from what they remember, the admin address and the commands show them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::observe {

/// What one gate did with a request.
struct ExplainedGate {
  std::string name;     ///< route, priority, bulkhead, limiter, queue, breaker, upstream, retry
  std::string verdict;  ///< passed, waited, refused, not_reached, absent, failed
  std::optional<double> value;  ///< what was compared
  std::optional<double> bound;  ///< with what
  std::string unit;             ///< requests, milliseconds, percent, connections, retries
  std::string why;              ///< one sentence: why the bound, or the verdict, is what it is
  std::string change;           ///< the flag or the key that moves the bound; empty: none
};

struct Explanation {
  int64_t time_ms = 0;  ///< since 1970, when it was decided
  std::string request_id;
  std::string method;
  std::string path;  ///< without the query, cut at 47 bytes
  std::string route;
  std::string upstream;
  std::string priority;
  std::string result;  ///< refused, would_refuse, success, failure, dropped, ignored
  std::string reason;  ///< of a refusal, as in docs/reference/refusals.md; else empty
  std::string sentence;
  int status = 0;              ///< of weir's own answer; 0 when the upstream answered
  double retry_after_ms = -1;  ///< below zero: none was given
  double deadline_ms = -1;     ///< what was left when it came; below zero: it had none
  double queue_ms = 0;
  double upstream_ms = 0;
  double total_ms = 0;
  int attempts = 0;
  std::vector<ExplainedGate> gates;

  bool refused() const noexcept { return !reason.empty(); }
};

/// Where a reader of explanations stands; a default one starts at the oldest that is remembered.
struct ExplainCursor {
  std::vector<uint64_t> next;
};

/// Which explanations are wanted.
enum class ExplainKind : uint8_t { kAll, kRefused, kEnded };

/// Implemented by the host; called from the admin thread while requests are decided.
class ExplanationSource {
 public:
  virtual ~ExplanationSource() = default;

  /// The newest with this id; nothing when it is not remembered (any more).
  virtual std::optional<Explanation> find(std::string_view request_id) const = 0;

  /// The remembered ones of this kind after `cursor`, oldest first, at most `count_max` of the
  /// newest; moves the cursor behind all of them. `skipped` (may be null) gets how many were left
  /// out.
  virtual std::vector<Explanation> after(ExplainCursor& cursor, ExplainKind kind, size_t count_max,
                                         size_t* skipped = nullptr) const = 0;
};

}  // namespace weir::observe
