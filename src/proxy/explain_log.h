// ExplainLog: what one worker remembers of the requests it refused, and of some that it served, so
// that each refusal can be explained afterwards with the numbers of that moment.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/message.h"
#include "observe/event.h"
#include "observe/ring.h"
#include "observe/span.h"
#include "proxy/answer.h"
#include "proxy/limit_note.h"
#include "weir/base/outcome.h"
#include "weir/base/rng.h"
#include "weir/policy/reason.h"
#include "weir/policy/request_context.h"

namespace weir::proxy {

/// In the order in which an explanation lists them (docs/reference/explain.md).
enum class ExplainGate : uint8_t {
  kRoute,
  kPriority,
  kBulkhead,
  kLimiter,
  kQueue,
  kBreaker,
  kUpstream,
  kRetry,
};
inline constexpr size_t kExplainGateCount = 8;

const char* to_string(ExplainGate gate) noexcept;

/// The gate that a reason belongs to.
ExplainGate gate_of(Reason reason) noexcept;

enum class ExplainResult : uint8_t {
  kRefused,
  kWouldRefuse,  ///< --dry-run: let through all the same
  kEnded,        ///< the upstream was asked; `outcome` says how it ended
};

/// The numbers of the upstream's policies at the moment of a decision. A bound of kNoGate: there is
/// no such gate.
struct PolicyNumbers {
  static constexpr uint32_t kNoGate = UINT32_MAX;

  uint32_t inflight = 0;
  uint32_t limit = kNoGate;
  uint32_t waiting = 0;
  uint32_t queue_limit = kNoGate;
  uint32_t bulkhead_inflight = 0;
  uint32_t bulkhead_max = kNoGate;
  uint32_t shed_level = kNoGate;  ///< levels at and above it are shed
  uint8_t breaker = kNoBreaker;   ///< a BreakerState
  static constexpr uint8_t kNoBreaker = 255;
};

/// What the exchange knows about its request. Borrows the texts.
struct ExplainFacts {
  std::string_view request_id;
  std::string_view method;  ///< static text
  std::string_view path;    ///< without the query: a query can hold a secret
  std::string_view route;
  size_t compartment = 0;  ///< of the route's upstream
  const RequestContext& context;
  Instant started_at{};
  Instant admitted_at{};  ///< not after `now` when dispatched
  bool dispatched = false;
  uint8_t attempts = 0;
  uint16_t status = 0;  ///< of the upstream's answer
  const observe::TraceContext* trace = nullptr;
};

/// Whom the numbers belong to, and the law's last move. Borrows the texts.
struct ExplainSite {
  std::string_view upstream;
  std::string_view bulkhead;
  PolicyNumbers numbers;
  NotedMove move;
};

/// A plain record, about 400 bytes. Pointers are to static text.
struct ExplainRecord {
  int64_t wall_ns = 0;
  uint64_t id_hash = 0;
  observe::ShortName request_id{};
  observe::ShortName path{};
  observe::ShortName route{};
  observe::ShortName upstream{};
  observe::ShortName bulkhead{};
  const char* method = "";
  NotedMove move{};
  PolicyNumbers numbers{};
  uint32_t value = 0;
  uint32_t bound = 0;
  int64_t retry_after_ms = -1;
  int64_t deadline_ns = -1;
  int64_t queue_ns = 0;
  int64_t upstream_ns = 0;
  int64_t total_ns = 0;
  uint16_t status = 0;
  Criticality criticality = Criticality::kCritical;
  ExplainResult result = ExplainResult::kEnded;
  Reason reason = Reason::kConcurrencyLimit;
  Outcome outcome = Outcome::kIgnored;
  uint8_t cohort = 0;
  uint8_t attempts = 0;
  bool dispatched = false;
};

/// FNV-1a, 64 bits: finds ids that are longer than a record keeps.
uint64_t explain_id_hash(std::string_view id) noexcept;

/// Written by the worker's thread alone; rings are read from any thread. Costs a record's copy,
/// about 0.1 µs, for each refusal and each kServedEvery-th request that was served
/// (bench/observe).
class ExplainLog {
 public:
  /// `wall_offset` is what to add to an Instant for nanoseconds since 1970.
  explicit ExplainLog(int64_t wall_offset) noexcept : wall_offset_(wall_offset) {}

  void refused(const ExplainFacts& facts, const ExplainSite& site, const Rejection& rejection,
               const Answer& answer, Instant now) noexcept;
  void would_refuse(const ExplainFacts& facts, const ExplainSite& site, const Rejection& rejection,
                    Instant now) noexcept;

  /// Keeps spans too: of every sampled trace that comes, and of one request in kTracedEvery that
  /// came without one. Before traffic.
  void enable_spans() { spans_ = std::make_unique<SpanRing>(); }
  /// The trace of a request that has just come.
  observe::TraceContext begin_trace(const http::RequestHead& request, Rng& rng) noexcept;
  /// Whether spans are kept and this trace wants one.
  bool wants_span(const ExplainFacts& facts) const noexcept {
    return spans_ != nullptr && facts.trace != nullptr && facts.trace->present() &&
           facts.trace->sampled;
  }

  /// Whether this ending should be kept: all that went wrong, and a sample of the rest.
  bool wants(Outcome outcome) noexcept {
    return outcome != Outcome::kSuccess || ++served_ % kServedEvery == 0;
  }
  /// An ending that wants() or wants_span() wants.
  void ended(const ExplainFacts& facts, const ExplainSite& site, Outcome outcome, Duration upstream,
             bool keep, Instant now) noexcept;

  /// At a thousand refusals a second and worker, two seconds of them; 0.9 MB a worker.
  using RefusedRing = observe::Ring<ExplainRecord, 2048>;
  using EndedRing = observe::Ring<ExplainRecord, 256>;
  static constexpr uint32_t kServedEvery = 64;
  static constexpr uint32_t kTracedEvery = 64;
  /// Fetched once a second; what comes faster is overwritten and counted.
  using SpanRing = observe::Ring<observe::SpanRecord, 2048>;

  const RefusedRing& refused_ring() const noexcept { return refused_; }
  const EndedRing& ended_ring() const noexcept { return ended_; }
  /// Null while spans are not kept.
  const SpanRing* span_ring() const noexcept { return spans_.get(); }

 private:
  void put_span(const ExplainFacts& facts, const ExplainSite& site, const char* result,
                const char* reason, uint16_t status, Instant now) noexcept;
  ExplainRecord record_of(const ExplainFacts& facts, const ExplainSite& site,
                          Instant now) const noexcept;

  int64_t wall_offset_;
  uint32_t served_ = 0;
  uint32_t untraced_ = 0;
  RefusedRing refused_;  // refusals and shadow refusals
  EndedRing ended_;      // apart, so that a storm of refusals does not push them out
  std::unique_ptr<SpanRing> spans_;
};

}  // namespace weir::proxy
