#include "sim/service_model.h"

#include <algorithm>
#include <cmath>

#include "weir/base/assert.h"

namespace weir::sim {

Duration draw(const ServiceTime& time, Rng& rng) {
  const double mean = to_seconds(time.mean);
  switch (time.kind) {
    case ServiceTime::Kind::kConstant: return time.mean;
    case ServiceTime::Kind::kExponential: return from_seconds(rng.exponential(mean));
    case ServiceTime::Kind::kBimodal: {
      const double fast = mean / (1 + time.slow_share * (time.slow_ratio - 1));
      return from_seconds(rng.uniform() < time.slow_share ? fast * time.slow_ratio : fast);
    }
    case ServiceTime::Kind::kLognormal: {
      const double mu = std::log(mean) - time.sigma * time.sigma / 2;
      return from_seconds(std::exp(mu + time.sigma * rng.normal()));
    }
  }
  return time.mean;
}

Pace::Pace(std::vector<Slowdown> slowdowns, CpuQuota quota) : quota_(quota) {
  std::vector<Instant> changes{Instant::min()};
  for (const Slowdown& slow : slowdowns) {
    changes.push_back(slow.begin);
    changes.push_back(slow.end);
  }
  std::sort(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end()), changes.end());
  for (const Instant at : changes) {
    double speed = 1;
    for (const Slowdown& slow : slowdowns)
      if (slow.begin <= at && at < slow.end) speed *= slow.speed;
    segments_.push_back({at, speed});
  }
}

double Pace::speed_at(Instant t, size_t& segment, Instant& until) const {
  while (segment + 1 < segments_.size() && segments_[segment + 1].begin <= t) ++segment;
  until = segment + 1 < segments_.size() ? segments_[segment + 1].begin : kInstantMax;
  if (quota_.period <= Duration{}) return segments_[segment].speed;
  const Duration phase = t.time_since_epoch() % quota_.period;
  const Duration running = from_seconds(to_seconds(quota_.period) * quota_.share);
  const bool runs = phase < running;
  until = std::min(until, t + (runs ? running : quota_.period) - phase);
  return runs ? segments_[segment].speed : 0;
}

Instant Pace::finish(Instant now, Duration work) {
  Instant until;
  double speed = speed_at(now, current_, until);
  if (until == kInstantMax && speed == 1) return now + work;  // nothing ahead disturbs it
  Instant t = now;
  auto left = static_cast<double>(work.count());
  size_t segment = current_;
  while (until != kInstantMax) {
    const double capacity = static_cast<double>((until - t).count()) * speed;
    if (capacity >= left) break;
    left -= capacity;
    t = until;
    speed = speed_at(t, segment, until);
  }
  WEIR_ASSERT(speed > 0);
  return t + Duration(static_cast<int64_t>(left / speed));
}

void Fifo::push(uint32_t value) {
  if (size_ == ring_.size()) {
    std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(head_), ring_.end());
    head_ = 0;
    ring_.resize(ring_.size() * 2);
  }
  ring_[(head_ + size_++) & (ring_.size() - 1)] = value;
}

uint32_t Fifo::pop() {
  const uint32_t value = ring_[head_];
  head_ = (head_ + 1) & (ring_.size() - 1);
  --size_;
  return value;
}

namespace {

bool hits(uint32_t first_instances, uint32_t instance) noexcept {
  return first_instances == 0 || instance < first_instances;
}

std::vector<Slowdown> slowdowns_of(const ServiceSpec& spec, uint32_t instance) {
  std::vector<Slowdown> all;
  for (const Slowdown& slow : spec.slowdowns)
    if (hits(slow.instances, instance)) all.push_back(slow);
  return all;
}

}  // namespace

ServiceModel::ServiceModel(const ServiceSpec& spec, Rng rng, uint32_t instance)
    : spec_(spec),
      rng_(rng),
      instance_(instance),
      pace_(slowdowns_of(spec, instance), spec.quota),
      contended_(spec.contention > 0 || spec.scalability.serial > 0 ||
                 spec.scalability.coherency > 0 || spec.thrashing.above > 0),
      workers_(spec.workers) {}

void ServiceModel::account(Instant now) noexcept {
  busy_seconds_ += to_seconds(now - accounted_) * busy_;
  accounted_ = now;
}

// By how much the requests inside slow one another down.
double ServiceModel::contention() const noexcept {
  const auto n = static_cast<double>(inside());
  const double load = n / spec_.workers;
  double factor = 1 + spec_.contention * std::max(0.0, load - 1);
  const auto [serial, coherency] = spec_.scalability;
  factor += serial * (n - 1) + coherency * n * (n - 1);
  if (spec_.thrashing.above > 0 && load > spec_.thrashing.above) factor *= spec_.thrashing.factor;
  return factor;
}

ServiceModel::Job ServiceModel::start(Instant now, uint32_t cost) {
  account(now);
  ++busy_;
  while (time_step_ < spec_.time_steps.size() && spec_.time_steps[time_step_].at <= now)
    ++time_step_;
  const ServiceTime& time = time_step_ == 0 ? spec_.time : spec_.time_steps[time_step_ - 1].value;
  const Duration work = draw(time, rng_) * cost;
  const bool fails = draw_failure(now);
  if (!contended_) return {work, pace_.finish(now, work), fails};
  return {work, pace_.finish(now, from_seconds(to_seconds(work) * contention())), fails};
}

bool ServiceModel::draw_failure(Instant now) {
  for (const FailureSpan& failure : spec_.failures)
    if (failure.begin <= now && now < failure.end && hits(failure.instances, instance_))
      return rng_.uniform() < failure.share;
  return false;
}

}  // namespace weir::sim
