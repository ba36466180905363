#include "proxy/balancer.h"

#include <algorithm>
#include <cmath>

#include "weir/base/assert.h"

namespace weir::proxy {
namespace {

// A latency or a failure is half forgotten after 7 s without news (time constant 10 s, as linkerd).
constexpr double kForgetSeconds = 10;
// Weight of one answer: some twenty answers make the picture of a latency, ten that of success.
constexpr double kStep = 0.05;
constexpr double kSuccessStep = 0.1;
constexpr double kSuccessMin = 0.02;
constexpr double kTrusted = 0.9;
constexpr double kSlowStartMin = 0.1;
constexpr Duration kDownMin = std::chrono::seconds(1);
constexpr Duration kDownMax = std::chrono::seconds(10);
// A load report older than this says nothing (gRFC A58).
constexpr Duration kWeightExpiry = std::chrono::minutes(3);
constexpr uint32_t kPointsPerEndpoint = 100;
// How often it is looked whether ejected endpoints may return and whether to panic.
constexpr Duration kCheckEvery = std::chrono::milliseconds(20);

double forgotten(Instant since, Instant now) noexcept {
  return std::exp(-to_seconds(std::max(now - since, Duration::zero())) / kForgetSeconds);
}

uint64_t mix(uint64_t value) noexcept {
  return Rng(value).next();
}

}  // namespace

Balancer::Balancer(const BalanceOptions& options, size_t endpoints)
    : options_(options), states_(endpoints) {
  WEIR_ASSERT(endpoints >= 1);
  if (options_.policy != BalancePolicy::kRingHash) return;
  for (uint32_t i = 0; i < endpoints; ++i)
    for (uint32_t point = 0; point < kPointsPerEndpoint; ++point)
      ring_.push_back({mix(uint64_t{i} << 32 | point), i});
  std::sort(ring_.begin(), ring_.end());
}

size_t Balancer::ejected_count(Instant now) const noexcept {
  return static_cast<size_t>(
      std::count_if(states_.begin(), states_.end(),
                    [now](const State& state) { return state.ejected_until > now; }));
}

bool Balancer::usable(const State& state, Instant now) const noexcept {
  if (state.down_until > now) return false;
  return panic_ || (state.ejected_until <= now && state.healthy);
}

void Balancer::refresh(Instant now) noexcept {
  if (now < checked_until_) return;
  checked_until_ = now + kCheckEvery;
  size_t good = 0;
  for (const State& state : states_)
    if (state.ejected_until <= now && state.healthy) ++good;
  panic_ = static_cast<double>(good) < options_.panic_share * static_cast<double>(size());
  all_usable_ = std::all_of(states_.begin(), states_.end(),
                            [&](const State& state) { return usable(state, now); });
}

size_t Balancer::choose(uint64_t hash, Instant now, Rng& rng) noexcept {
  if (states_.size() == 1) return 0;
  refresh(now);
  switch (options_.policy) {
    case BalancePolicy::kPeakEwma:
    case BalancePolicy::kLeastRequest: return pick_of_two(now, rng);
    case BalancePolicy::kRoundRobin: return pick_in_turn(now);
    case BalancePolicy::kRingHash: return pick_by_hash(hash, now);
  }
  return 0;
}

// Mitzenmacher 2001. While some are not usable, two are drawn from those that are.
size_t Balancer::pick_of_two(Instant now, Rng& rng) const noexcept {
  size_t count = states_.size();
  if (!all_usable_) {
    count = static_cast<size_t>(std::count_if(
        states_.begin(), states_.end(), [&](const State& state) { return usable(state, now); }));
    if (count == 0) return least_bad(now);
  }
  const auto nth = [&](size_t n) {
    if (all_usable_) return n;
    for (size_t i = 0;; ++i)
      if (usable(states_[i], now) && n-- == 0) return i;
  };
  const size_t first = rng.below(count);
  if (count == 1) return nth(first);
  const size_t second = (first + 1 + rng.below(count - 1)) % count;
  const size_t a = nth(first);
  const size_t b = nth(second);
  return cost(b, now) < cost(a, now) ? b : a;
}

size_t Balancer::pick_in_turn(Instant now) noexcept {
  for (size_t i = 0; i < size(); ++i) {
    turn_ = (turn_ + 1) % size();
    if (usable(states_[turn_], now)) return turn_;
  }
  return least_bad(now);
}

size_t Balancer::pick_by_hash(uint64_t hash, Instant now) const noexcept {
  const auto begin = std::lower_bound(ring_.begin(), ring_.end(), RingPoint{mix(hash), 0});
  const size_t first = static_cast<size_t>(begin - ring_.begin());
  for (size_t i = 0; i < ring_.size(); ++i) {
    const uint32_t endpoint = ring_[(first + i) % ring_.size()].endpoint;
    if (usable(states_[endpoint], now)) return endpoint;
  }
  return least_bad(now);
}

// Nothing is usable: the one that is down for the shortest time.
size_t Balancer::least_bad(Instant now) const noexcept {
  const auto badness = [now](const State& state) {
    return std::pair(std::max(state.down_until, now), state.inflight);
  };
  const auto best =
      std::min_element(states_.begin(), states_.end(),
                       [&](const State& a, const State& b) { return badness(a) < badness(b); });
  return static_cast<size_t>(best - states_.begin());
}

double Balancer::latency_of(const State& state, Instant now) const noexcept {
  if (state.latency == 0) return mean_latency_;
  if (state.latency <= mean_latency_) return state.latency;
  return mean_latency_ + (state.latency - mean_latency_) * forgotten(state.latency_at, now);
}

double Balancer::success_of(const State& state, Instant now) const noexcept {
  return std::max(kSuccessMin, 1 - (1 - state.success) * forgotten(state.success_at, now));
}

double Balancer::cost(size_t endpoint, Instant now) const noexcept {
  const State& state = states_[endpoint];
  const double success = success_of(state, now);
  double cost = (state.inflight + 1) / success;
  if (options_.policy == BalancePolicy::kPeakEwma) {
    // Who fails some may have little to do: its speed is no merit.
    double latency = latency_of(state, now);
    if (success < kTrusted) latency = std::max(latency, mean_latency_);
    cost *= std::max(latency, 1e-6);
  }
  if (state.weight > 0 && mean_weight_ > 0 && now - state.weight_at < kWeightExpiry)
    cost *= mean_weight_ / state.weight;
  if (state.returned_at != Instant::min() && now < state.returned_at + options_.slow_start) {
    const double share = to_seconds(now - state.returned_at) / to_seconds(options_.slow_start);
    cost /= std::max(kSlowStartMin, share);
  }
  return cost;
}

void Balancer::end(size_t endpoint, const TryResult& result, Instant now) noexcept {
  State& state = states_[endpoint];
  WEIR_ASSERT(state.inflight > 0);
  --state.inflight;
  bool good = false;
  switch (result.outcome) {
    case Outcome::kIgnored: return;
    case Outcome::kSuccess:
      good = true;
      state.failures = 0;
      state.ejections = 0;
      break;
    case Outcome::kFailure: ++state.failures; break;
    case Outcome::kDropped:
      if (result.timed_out) ++state.failures;
      break;
  }
  state.success = success_of(state, now);
  state.success += ((good ? 1.0 : 0.0) - state.success) * kSuccessStep;
  state.success_at = now;
  const double seconds = to_seconds(result.latency);
  // A failure says nothing good about speed, however fast it came.
  const double known = latency_of(state, now);
  if (good || (known > 0 && seconds > known)) {
    state.latency = seconds > known ? seconds : known + (seconds - known) * kStep;
    state.latency_at = now;
  }
  if (good) mean_latency_ += (seconds - mean_latency_) * (mean_latency_ == 0 ? 1 : kStep);
  if (options_.ejection.failures > 0 && state.failures >= options_.ejection.failures)
    eject(state, now);
}

void Balancer::eject(State& state, Instant now) noexcept {
  if (state.ejected_until > now) return;
  const double allowed = options_.ejection.share_max * static_cast<double>(size());
  if (static_cast<double>(ejected_count(now) + 1) > allowed) return;
  Duration time = options_.ejection.base;
  for (uint32_t i = 0; i < state.ejections && time < options_.ejection.max; ++i) time *= 2;
  ++state.ejections;
  state.failures = 0;
  state.ejected_until = now + std::min(time, options_.ejection.max);
  state.returned_at = state.ejected_until;
  checked_until_ = now;
}

void Balancer::connected(size_t endpoint, Instant now) noexcept {
  State& state = states_[endpoint];
  if (state.connect_failures == 0) return;
  state.connect_failures = 0;
  state.down_until = Instant{};
  state.returned_at = now;
  checked_until_ = now;
}

void Balancer::connect_failed(size_t endpoint, Instant now) noexcept {
  State& state = states_[endpoint];
  const uint32_t doublings = std::min<uint32_t>(state.connect_failures++, 4);
  state.down_until = now + std::min(kDownMin * (1 << doublings), kDownMax);
  checked_until_ = now;
}

void Balancer::set_healthy(size_t endpoint, bool healthy, Instant now) noexcept {
  State& state = states_[endpoint];
  if (state.healthy == healthy) return;
  state.healthy = healthy;
  if (healthy) state.returned_at = now;
  checked_until_ = now;
}

void Balancer::report_load(size_t endpoint, double rps, double utilization, Instant now) noexcept {
  if (!(utilization > 0) || !(rps > 0)) return;
  State& state = states_[endpoint];
  const double weight = rps / utilization;
  state.weight += (weight - state.weight) * (state.weight == 0 ? 1 : 0.2);
  state.weight_at = now;
  double sum = 0;
  size_t count = 0;
  for (const State& each : states_) {
    if (each.weight == 0) continue;
    sum += each.weight;
    ++count;
  }
  mean_weight_ = sum / static_cast<double>(count);
}

}  // namespace weir::proxy
