#include "proxy/explain_reader.h"

#include <algorithm>

#include "proxy/refusal.h"
#include "weir/policy/breaker.h"

namespace weir::proxy {
namespace {

using observe::ExplainedGate;
using observe::Explanation;

constexpr double kNanosPerMilli = 1e6;

std::string number(uint64_t value) {
  return std::to_string(value);
}

bool is_named(const std::string& unit) {
  return !unit.empty();
}

// The clock time of an instant of the record, as people compare it with their logs.
std::string clock_text(int64_t wall_ns) {
  const int64_t seconds = wall_ns / 1'000'000'000 % 86'400;
  char text[24];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03d UTC", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60),
                static_cast<int>(wall_ns / 1'000'000 % 1000));
  return text;
}

// Where the operator changes a bound: the key of the file, or the flag of `weir proxy`.
std::string place_of(const ExplainedUpstream& upstream, const char* key, const char* flag) {
  if (upstream.config_path.empty()) return flag;
  return "upstreams." + upstream.name + "." + key + " in " + upstream.config_path;
}

// One explanation in the making: the record, and how far its request got.
class Telling {
 public:
  Telling(const ExplainRecord& record, const ExplainedUpstream& upstream)
      : record_(record), upstream_(upstream) {
    refused_ = record.result != ExplainResult::kEnded;
    refusing_ = refused_ ? gate_of(record.reason) : ExplainGate::kRetry;
    // The caller's deadline can pass while the upstream works.
    if (refused_ && record.dispatched) refusing_ = ExplainGate::kUpstream;
  }

  std::vector<ExplainedGate> gates() const {
    return {route(), priority(), bulkhead(), limiter(), queue(), breaker(), upstream(), retry()};
  }

 private:
  ExplainedGate gate(ExplainGate which, std::string unit) const {
    ExplainedGate gate;
    gate.name = to_string(which);
    gate.unit = std::move(unit);
    if (!refused_ || reached(which))
      gate.verdict = "passed";
    else
      gate.verdict = which == refusing_ ? "refused" : "not_reached";
    if (refused_ && which == refusing_ && is_named(gate.unit)) {
      gate.value = record_.value;
      gate.bound = record_.bound;
    }
    return gate;
  }

  // The stack asks priority, breaker, bulkhead, limiter in this order; who finds no place waits in
  // the queue; then come the upstream's connection and retries.
  static int turn(ExplainGate gate) noexcept {
    switch (gate) {
      case ExplainGate::kRoute: return 0;
      case ExplainGate::kPriority: return 1;
      case ExplainGate::kBreaker: return 2;
      case ExplainGate::kBulkhead: return 3;
      case ExplainGate::kLimiter: return 4;
      case ExplainGate::kQueue: return 5;
      case ExplainGate::kUpstream: return 6;
      case ExplainGate::kRetry: return 7;
    }
    return 0;
  }
  bool reached(ExplainGate which) const noexcept { return turn(which) < turn(refusing_); }

  static ExplainedGate absent(ExplainGate which, std::string why) {
    ExplainedGate gate;
    gate.name = to_string(which);
    gate.verdict = "absent";
    gate.why = std::move(why);
    return gate;
  }

  ExplainedGate route() const {
    ExplainedGate told = gate(ExplainGate::kRoute, "");
    told.why = "route " + std::string(record_.route.view()) + " leads to " +
               std::string(record_.upstream.view());
    if (told.verdict == "refused") told.why = "this process was shutting down";
    return told;
  }

  ExplainedGate priority() const;
  ExplainedGate bulkhead() const;
  ExplainedGate limiter() const;
  ExplainedGate queue() const;
  ExplainedGate breaker() const;
  ExplainedGate upstream() const;
  ExplainedGate retry() const;

  const ExplainRecord& record_;
  const ExplainedUpstream& upstream_;
  bool refused_;
  ExplainGate refusing_;
};

ExplainedGate Telling::priority() const {
  ExplainedGate told = gate(ExplainGate::kPriority, "");
  const std::string name = to_string(record_.criticality);
  const uint32_t level = record_.numbers.shed_level;
  if (told.verdict == "refused") {
    told.value = record_.value;
    told.bound = record_.bound;
    switch (record_.reason) {
      case Reason::kDeadlinePassed:
      case Reason::kDeadlineInfeasible:
        told.unit = "milliseconds";
        told.why = "the caller's deadline leaves less than the median service time";
        told.change = "the caller's timeout";
        return told;
      case Reason::kQuota:
        told.unit = "requests";
        told.why = "the quota of this tenant";
        return told;
      case Reason::kConcurrencyLimit:
      case Reason::kQueueFull:
      case Reason::kQueueTimeout:
      case Reason::kShed:
      case Reason::kPriority:
      case Reason::kBulkheadFull:
      case Reason::kPoolFull:
      case Reason::kBreakerOpen:
      case Reason::kRetryBudget:
      case Reason::kNoCredit:
      case Reason::kDraining: break;
    }
    told.unit = "level";
    told.why = name + ", cohort " + number(record_.cohort) +
               ", is at or above the level from which load is shed";
    told.change = "the caller's priority";
    return told;
  }
  told.why = name + (level == PolicyNumbers::kNoGate ? "; no class was being shed by rank"
                                                     : "; below the level that is shed");
  if (told.verdict != "not_reached" && level != PolicyNumbers::kNoGate) told.bound = level;
  return told;
}

ExplainedGate Telling::bulkhead() const {
  const PolicyNumbers& numbers = record_.numbers;
  const bool refused = refused_ && refusing_ == ExplainGate::kBulkhead;
  if (numbers.bulkhead_max == PolicyNumbers::kNoGate && !refused)
    return absent(ExplainGate::kBulkhead, "this route has no share of its own");
  ExplainedGate told = gate(ExplainGate::kBulkhead, "requests");
  const std::string name(record_.bulkhead.view());
  if (told.verdict == "passed") {
    told.value = numbers.bulkhead_inflight;
    told.bound = numbers.bulkhead_max;
  }
  told.why = "the share of bulkhead " + name + " of a limit of " + number(numbers.limit);
  told.change = "bulkheads." + name;
  return told;
}

ExplainedGate Telling::limiter() const {
  ExplainedGate told = gate(ExplainGate::kLimiter, "requests");
  const PolicyNumbers& numbers = record_.numbers;
  const NotedMove& move = record_.move;
  if (told.verdict == "passed" && refused_ && refusing_ == ExplainGate::kQueue)
    told.verdict = "waited";
  if (told.verdict == "passed" || told.verdict == "waited") {
    told.value = numbers.inflight;
    told.bound = numbers.limit;
  }
  if (move.wall_ns == 0)
    told.why = "law " + upstream_.law + " has not moved the limit since the start";
  else
    told.why = "law " + upstream_.law + " moved it from " + number(move.before) + " to " +
               number(move.after) + " at " + clock_text(move.wall_ns) + " (" + move.cause + ")";
  if (upstream_.limit_bounds != nullptr)
    told.why += "; it may be " + number(upstream_.limit_bounds->min) + " to " +
                number(upstream_.limit_bounds->max);
  told.change = place_of(upstream_, "concurrency.max", "--limit-max");
  return told;
}

ExplainedGate Telling::queue() const {
  const bool refused = refused_ && refusing_ == ExplainGate::kQueue;
  if (upstream_.queue_depth_max == 0 && !refused)
    return absent(ExplainGate::kQueue, "it is turned off");
  ExplainedGate told = gate(ExplainGate::kQueue, "requests");
  const PolicyNumbers& numbers = record_.numbers;
  told.change = place_of(upstream_, "queue.max_wait", "--queue-wait");
  if (told.verdict == "passed") {
    told.value = static_cast<double>(record_.queue_ns) / kNanosPerMilli;
    told.bound = static_cast<double>(upstream_.queue_wait_max_ms);
    told.unit = "milliseconds";
    if (record_.queue_ns > 0) told.verdict = "waited";
  }
  const std::string depth = "its depth follows the limit, at least " +
                            number(upstream_.queue_depth_min) + " and at most " +
                            number(upstream_.queue_depth_max) + " a worker";
  const std::string wait =
      "nobody waits longer than " + number(static_cast<uint64_t>(upstream_.queue_wait_max_ms)) +
      " ms; " + number(numbers.waiting) + " of " + number(numbers.queue_limit) + " were waiting";
  told.why = wait;
  if (!refused) return told;
  if (record_.reason == Reason::kQueueFull) {
    told.why = depth;
    told.change = place_of(upstream_, "queue.max_depth", "--queue-depth");
  } else {
    told.unit = "milliseconds";
  }
  if (record_.reason == Reason::kShed)
    told.why =
        "the queue has stood for 100 ms instead of draining, so whoever has waited this "
        "long is shed at once (CoDel); " +
        wait;
  return told;
}

ExplainedGate Telling::breaker() const {
  const bool refused = refused_ && refusing_ == ExplainGate::kBreaker;
  if (record_.numbers.breaker == PolicyNumbers::kNoBreaker && !refused)
    return absent(ExplainGate::kBreaker, "none is configured");
  ExplainedGate told = gate(ExplainGate::kBreaker, "percent");
  if (told.verdict == "passed") told.unit.clear();
  const auto state = static_cast<BreakerState>(record_.numbers.breaker);
  told.why = std::string("it was ") + (refused ? "open" : weir::to_string(state));
  if (refused) told.why += ": too many of the recent calls failed or were slow";
  told.change = "upstreams." + upstream_.name + ".breaker";
  return told;
}

ExplainedGate Telling::upstream() const {
  ExplainedGate told = gate(ExplainGate::kUpstream, "");
  told.why = "at most " + number(upstream_.connections_max) + " connections a worker and endpoint";
  if (told.verdict == "refused") {
    const bool late = record_.dispatched;
    told.unit = late ? "milliseconds" : "connections";
    told.value = late ? static_cast<double>(record_.total_ns) / kNanosPerMilli : record_.value;
    told.bound = late ? static_cast<double>(record_.deadline_ns) / kNanosPerMilli : record_.bound;
    if (late) told.why = "the caller's deadline passed while the upstream worked";
    if (late) told.change = "the caller's timeout";
    return told;
  }
  if (told.verdict != "passed") return told;
  told.value = static_cast<double>(record_.upstream_ns) / kNanosPerMilli;
  told.unit = "milliseconds";
  if (record_.outcome == Outcome::kSuccess) return told;
  told.verdict = "failed";
  switch (record_.outcome) {
    case Outcome::kSuccess: break;
    case Outcome::kFailure: told.why = "the upstream failed or answered with an error"; break;
    case Outcome::kDropped:
      told.why = "the upstream said that it is overloaded, or was too slow";
      break;
    case Outcome::kIgnored: told.why = "the caller went away before the answer was whole"; break;
  }
  return told;
}

ExplainedGate Telling::retry() const {
  ExplainedGate told = gate(ExplainGate::kRetry, "");
  if (told.verdict == "refused") {
    told.value = record_.value;
    told.bound = record_.bound;
    told.unit = "retries";
    told.why = "the retry budget was used up";
    return told;
  }
  if (told.verdict == "not_reached") {
    told.why = "weir does not retry what it refuses; Retry-After tells the caller when to";
    return told;
  }
  told.value = record_.attempts;
  told.bound = upstream_.attempts_max;
  told.unit = "attempts";
  told.why = "only what is safe to send again is, and only while the retry budget pays for it";
  return told;
}

std::string result_of(const ExplainRecord& record) {
  switch (record.result) {
    case ExplainResult::kRefused: return "refused";
    case ExplainResult::kWouldRefuse: return "would_refuse";
    case ExplainResult::kEnded: return to_string(record.outcome);
  }
  return "?";
}

// The sentence of the refusal itself, made by the one file that knows it.
std::string sentence_of(const ExplainRecord& record) {
  if (record.result == ExplainResult::kEnded) return "";
  Rejection rejection;
  rejection.reason = record.reason;
  rejection.value = record.value;
  rejection.bound = record.bound;
  DetailText text;
  Rng rng(1);  // only for Retry-After, which is not used here
  const std::string upstream(record.upstream.view());
  return std::string(refusal_answer(rejection, "", upstream, record.criticality, rng, text).detail);
}

}  // namespace

Explanation explain(const ExplainRecord& record, const ExplainedUpstream& upstream) {
  Explanation told;
  told.time_ms = record.wall_ns / 1'000'000;
  told.request_id = record.request_id.view();
  told.method = record.method;
  told.path = record.path.view();
  told.route = record.route.view();
  told.upstream = record.upstream.view();
  told.priority = to_string(record.criticality);
  told.result = result_of(record);
  if (record.result != ExplainResult::kEnded) told.reason = to_string(record.reason);
  told.sentence = sentence_of(record);
  told.status = record.status;
  told.retry_after_ms = static_cast<double>(record.retry_after_ms);
  if (record.deadline_ns >= 0)
    told.deadline_ms = static_cast<double>(record.deadline_ns) / kNanosPerMilli;
  told.queue_ms = static_cast<double>(record.queue_ns) / kNanosPerMilli;
  told.upstream_ms = static_cast<double>(record.upstream_ns) / kNanosPerMilli;
  told.total_ms = static_cast<double>(record.total_ns) / kNanosPerMilli;
  told.attempts = record.attempts;
  told.gates = Telling(record, upstream).gates();
  return told;
}

const ExplainedUpstream& ExplainReader::upstream_of(const ExplainRecord& record) const noexcept {
  static const ExplainedUpstream kUnknown;
  const std::string_view name = record.upstream.view();
  for (const ExplainedUpstream& candidate : upstreams_)
    if (observe::ShortName(std::string_view(candidate.name)).view() == name) return candidate;
  return kUnknown;
}

std::optional<Explanation> ExplainReader::find(std::string_view request_id) const {
  const uint64_t hash = explain_id_hash(request_id);
  ExplainRecord newest;
  const auto look = [&](const auto& ring) {
    for (const auto& entry : ring.read())
      if (entry.record.id_hash == hash && entry.record.wall_ns > newest.wall_ns)
        newest = entry.record;
  };
  for (const ExplainLog* log : logs_) {
    look(log->refused_ring());
    look(log->ended_ring());
  }
  if (newest.wall_ns == 0) return std::nullopt;
  return explain(newest, upstream_of(newest));
}

std::vector<Explanation> ExplainReader::after(observe::ExplainCursor& cursor,
                                              observe::ExplainKind kind, size_t count_max,
                                              size_t* skipped) const {
  using observe::ExplainKind;
  cursor.next.resize(2 * logs_.size(), 0);
  std::vector<ExplainRecord> records;
  const auto take = [&records](const auto& ring, uint64_t& next) {
    for (const auto& entry : ring.read(next)) {
      next = entry.number + 1;
      records.push_back(entry.record);
    }
  };
  for (size_t i = 0; i < logs_.size(); ++i) {
    if (kind != ExplainKind::kEnded) take(logs_[i]->refused_ring(), cursor.next[2 * i]);
    if (kind != ExplainKind::kRefused) take(logs_[i]->ended_ring(), cursor.next[2 * i + 1]);
  }
  std::sort(records.begin(), records.end(),
            [](const ExplainRecord& a, const ExplainRecord& b) { return a.wall_ns < b.wall_ns; });
  std::vector<Explanation> told;
  const size_t first = records.size() > count_max ? records.size() - count_max : 0;
  if (skipped != nullptr) *skipped = first;
  for (size_t i = first; i < records.size(); ++i)
    told.push_back(explain(records[i], upstream_of(records[i])));
  return told;
}

std::vector<observe::SpanRecord> ExplainReader::spans_after(std::vector<uint64_t>& next,
                                                            uint64_t& lost) const {
  next.resize(logs_.size(), 0);
  std::vector<observe::SpanRecord> spans;
  for (size_t i = 0; i < logs_.size(); ++i) {
    const ExplainLog::SpanRing* ring = logs_[i]->span_ring();
    if (ring == nullptr) continue;
    const uint64_t from = next[i];
    const auto entries = ring->read(from);
    if (entries.empty()) continue;
    next[i] = entries.back().number + 1;
    lost += next[i] - from - entries.size();
    for (const auto& entry : entries) spans.push_back(entry.record);
  }
  return spans;
}

}  // namespace weir::proxy
