#include "sim/gate_peer.h"

#include <algorithm>

namespace weir::sim {
namespace {

constexpr double kRatioMax = 0.99;

}  // namespace

// ---- DAGOR --------------------------------------------------------------------------------------

Expected<Ticket, Rejection> Dagor::admit(const RequestContext& context, Instant now) noexcept {
  if (now - begin_ >= options_.window || arrivals_total_ >= options_.requests_max)
    close_window(now);
  const uint32_t level = shed_level(context.criticality, context.cohort);
  if (!context.waiting) {
    ++arrivals_[level];
    ++arrivals_total_;
  }
  if (level >= level_) return reject(Reason::kPriority, level, level_);
  if (!context.waiting) ++admitted_;
  return Ticket{};
}

void Dagor::observe_wait(Duration wait, Instant) noexcept {
  wait_ += wait;
  ++started_;
}

void Dagor::close_window(Instant now) noexcept {
  const bool overloaded = started_ > 0 && wait_ / started_ > options_.wait_max;
  auto sum = static_cast<double>(admitted_);
  if (overloaded) {
    const double wanted = (1 - options_.decrease) * sum;
    while (sum > wanted && level_ > 1) sum -= static_cast<double>(arrivals_[--level_]);
  } else {
    const double wanted = sum + options_.increase * static_cast<double>(arrivals_total_);
    while (sum < wanted && level_ < kShedLevelCount)
      sum += static_cast<double>(arrivals_[level_++]);
  }
  begin_ = now;
  arrivals_ = {};
  arrivals_total_ = admitted_ = 0;
  started_ = 0;
  wait_ = Duration{};
}

// ---- Breakwater ---------------------------------------------------------------------------------

Expected<Ticket, Rejection> Breakwater::admit(const RequestContext&, Instant now) noexcept {
  update(now);
  const bool too_late = wait_s_ > 2 * to_seconds(options_.target);
  if (inflight_ >= credits_ || (too_late && inflight_ > 0))
    return reject(Reason::kConcurrencyLimit, static_cast<uint32_t>(inflight_),
                  static_cast<uint32_t>(credits_));
  inflight_ += 1;
  return Ticket{};
}

void Breakwater::observe_wait(Duration wait, Instant now) noexcept {
  wait_s_ = to_seconds(wait);
  update(now);
}

void Breakwater::update(Instant now) noexcept {
  if (now - begin_ < options_.round_trip) return;
  begin_ = now;
  const double target = to_seconds(options_.target);
  if (wait_s_ < target)
    credits_ += std::max(1.0, options_.increase * options_.clients);
  else
    credits_ *= std::max(0.5, 1 - options_.decrease * (wait_s_ - target) / target);
  // No more than one for each client and what it may have waiting; no fewer than one in all.
  credits_ = std::clamp(credits_, 1.0, 10 * options_.clients);
}

// ---- Cinnamon -----------------------------------------------------------------------------------

Expected<Ticket, Rejection> Cinnamon::admit(const RequestContext& context, Instant now) noexcept {
  update(now);
  const uint32_t level = shed_level(context.criticality, context.cohort);
  if (!context.waiting) remember(level);
  if (level >= level_) return reject(Reason::kPriority, level, level_);
  if (!context.waiting) in_ += 1;
  return Ticket{};
}

// What the limiter behind refuses comes back as ignored in the same instant: it waits, or is gone.
void Cinnamon::complete(Ticket, const Completion& completion) noexcept {
  if (completion.finished_at > completion.admitted_at) out_ += 1;
}

void Cinnamon::remember(uint32_t level) noexcept {
  if (last_.size() < kRemembered) {
    last_.push_back(level);
  } else {
    --counts_[last_[next_]];
    last_[next_] = level;
    next_ = (next_ + 1) % kRemembered;
  }
  ++counts_[level];
}

void Cinnamon::update(Instant now) noexcept {
  if (now - begin_ < options_.window) return;
  const double length = to_seconds(now - begin_);
  begin_ = now;
  const uint32_t limit = limiter_ == nullptr ? 0 : limiter_->limit();
  const uint32_t inflight = limiter_ == nullptr ? 0 : limiter_->inflight();
  const double free = limit > inflight ? limit - inflight : 0;
  const double error = (in_ - out_ - free) / std::max(out_, 1.0);
  in_ = out_ = 0;
  integral_ = std::clamp(integral_ + options_.integral * error * length, 0.0, kRatioMax);
  ratio_ = std::clamp(options_.proportional * error + integral_, 0.0, kRatioMax);
  const double wanted = ratio_ * static_cast<double>(last_.size());
  double shed = 0;
  level_ = kShedLevelCount;
  while (level_ > 1 && shed < wanted) shed += counts_[--level_];
}

}  // namespace weir::sim
