// Policy: one reason to refuse work, with the bookkeeping that belongs to it.
#pragma once

#include <cstdint>
#include <string_view>

#include "weir/base/expected.h"
#include "weir/base/outcome.h"
#include "weir/base/time.h"
#include "weir/policy/reason.h"
#include "weir/policy/request_context.h"

namespace weir {

/// What a policy handed out and wants back. Opaque to everybody else. One word, because the stack
/// copies it right after the policy wrote it: read as one word what was written as two and the CPU
/// cannot forward it, which made admission by four policies 10 ns slower.
class Ticket {
 public:
  constexpr Ticket() noexcept = default;
  /// `units`: how much was taken; `tag`: for example the breaker's generation.
  explicit constexpr Ticket(uint32_t units, uint32_t tag = 0) noexcept
      : word_(uint64_t{tag} << 32 | units) {}

  constexpr uint32_t units() const noexcept { return static_cast<uint32_t>(word_); }
  constexpr uint32_t tag() const noexcept { return static_cast<uint32_t>(word_ >> 32); }

 private:
  uint64_t word_ = 0;
};

/// How admitted work ended. For kIgnored the two instants may be equal: the latency means nothing.
struct Completion {
  Outcome outcome = Outcome::kIgnored;
  uint16_t worker = 0;
  Instant admitted_at{};
  Instant finished_at{};

  Duration latency() const noexcept { return finished_at - admitted_at; }
};

/// One link of a PolicyStack. `admit` and `complete` may be called from any number of threads at
/// once; they never block, lock, allocate or read a clock. Each successful admit is followed by
/// exactly one complete with the same ticket, whatever happens to the work.
class Policy {
 public:
  virtual ~Policy() = default;

  /// The field's word for it, for example "limiter"; stable, used in explanations and metrics.
  virtual std::string_view name() const noexcept = 0;

  virtual Expected<Ticket, Rejection> admit(const RequestContext& context,
                                            Instant now) noexcept = 0;
  virtual void complete(Ticket ticket, const Completion& completion) noexcept = 0;
};

}  // namespace weir
