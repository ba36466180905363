#include "weir/policy/credit_window.h"

#include <algorithm>
#include <limits>

#include "weir/base/assert.h"

namespace weir {
namespace {

constexpr uint64_t kMilli = 1000;
// One caller takes at most this part of the credits at once: others read the same number.
constexpr uint32_t kCreditShare = 4;
// Long ago, but so that subtracting it from any instant does not overflow.
constexpr int64_t kNever = std::numeric_limits<int64_t>::min() / 2;

int64_t nanos(Instant now) noexcept {
  return now.time_since_epoch().count();
}

}  // namespace

CreditWindow::CreditWindow(Options options, std::shared_ptr<CounterLine> line)
    : options_(options),
      line_(std::move(line)),
      inflight_(take_counter(line_)),
      reported_at_(kNever),
      cut_at_(kNever) {
  WEIR_ASSERT(options.cut_ratio > 0 && options.cut_ratio < 1 && options.window_max >= 1);
}

bool CreditWindow::active(Instant now) const noexcept {
  return nanos(now) - reported_at_.load(std::memory_order_relaxed) < options_.expiry.count();
}

uint32_t CreditWindow::window(Instant now) const noexcept {
  if (!active(now)) return options_.window_max;
  return static_cast<uint32_t>(window_milli_.load(std::memory_order_relaxed) / kMilli);
}

Expected<Ticket, Rejection> CreditWindow::admit(const RequestContext& context,
                                                Instant now) noexcept {
  const uint32_t bound = window(now);
  const uint32_t units = std::min(context.cost, bound);
  const Counted counted = count_in(*inflight_, units, bound);
  if (counted.in) return Ticket(units);
  return reject(Reason::kNoCredit, static_cast<uint32_t>(counted.before), bound);
}

void CreditWindow::complete(Ticket ticket, const Completion&) noexcept {
  inflight_->fetch_sub(ticket.units(), std::memory_order_seq_cst);
}

void CreditWindow::report(uint32_t credits, Instant now) noexcept {
  const uint64_t used = std::max<uint64_t>(1, inflight());
  uint64_t window = window_milli_.load(std::memory_order_relaxed);
  // The first word of the service: what is in flight is what is known to fit, or not.
  if (!active(now)) window = used * kMilli;
  reported_at_.store(nanos(now), std::memory_order_relaxed);
  if (credits > 0) {
    window = std::max(window, (used + credits / kCreditShare) * kMilli);
    // A window that is not used proves nothing about a larger one.
    if (2 * used * kMilli >= window) window += kMilli * kMilli / std::max(window, kMilli);
  } else if (nanos(now) - cut_at_.load(std::memory_order_relaxed) >= options_.cut_every.count()) {
    cut_at_.store(nanos(now), std::memory_order_relaxed);
    const auto full = static_cast<double>(std::min(window, used * kMilli));
    window = static_cast<uint64_t>(full * (1 - options_.cut_ratio));
  }
  window = std::clamp<uint64_t>(window, kMilli, options_.window_max * kMilli);
  window_milli_.store(window, std::memory_order_relaxed);
}

}  // namespace weir
