#include "weir/policy/admission_queue.h"

namespace weir {
namespace {

constexpr int kSloughTargets = 2;  // folly: slough timeout = 2 × target

// A healthy wait is a small part of the service time; 5 ms of waiting is much for a service of 1 ms
// and nothing for one of 200 ms.
constexpr int kTargetPerMedian = 4;

// Smoothing of the gap between takes: a weight of 1/16 remembers about the last 16 takes.
constexpr double kGapWeight = 1.0 / 16;

// The median moves by 1/64 of itself a sample, up or down: stochastic approximation of a quantile
// (Robbins and Monro 1951) on a logarithmic scale. It follows a doubling within about 45 samples.
constexpr int kMedianStep = 64;

uint32_t milliseconds(Duration d) noexcept {
  const int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(ms, 0, UINT32_MAX));
}

}  // namespace

AdmissionQueue::AdmissionQueue(Options options) noexcept
    : options_(options), depth_(options.depth_max) {
  WEIR_ASSERT(options.target > Duration::zero() && options.interval > Duration::zero());
  WEIR_ASSERT(options.wait_max > Duration::zero());
}

AdmissionQueue::~AdmissionQueue() {
  WEIR_ASSERT(size_ == 0 && refused_size_ == 0);
}

std::optional<Rejection> AdmissionQueue::offer(QueueEntry& entry, const RequestContext& context,
                                               Instant now) noexcept {
  WEIR_ASSERT(!entry.queued());
  if (auto late = too_late(context, predicted_wait(context.criticality), now)) return late;
  if (size_ >= depth_ && !evict_for(context.criticality, now)) return full();

  Band& band = bands_[index(context.criticality)];
  advance(band, now);
  entry.context_ = context;
  entry.context_.waiting = true;
  entry.enqueued_at_ = now;
  entry.queue_ = this;
  entry.state_ = QueueEntry::State::kWaiting;
  entry.newer_ = nullptr;
  entry.older_ = band.newest;
  (band.newest != nullptr ? band.newest->newer_ : band.oldest) = &entry;
  band.newest = &entry;
  if (band.size == 0) band.standing_since = now + target();
  ++band.size;
  ++size_;
  return std::nullopt;
}

QueueEntry* AdmissionQueue::poll(Instant now) noexcept {
  for (Band& band : bands_) expire(band, now);
  QueueEntry* entry = refused_oldest_;
  if (entry == nullptr) return nullptr;
  refused_oldest_ = entry->newer_;
  (refused_oldest_ != nullptr ? refused_oldest_->older_ : refused_newest_) = nullptr;
  --refused_size_;
  entry->newer_ = nullptr;
  entry->state_ = QueueEntry::State::kIdle;
  return entry;
}

QueueEntry* AdmissionQueue::front(Instant now) noexcept {
  for (Band& band : bands_) {
    expire(band, now);
    while (band.size > 0) {
      const bool lifo = band.overloaded && options_.lifo_when_overloaded;
      QueueEntry* entry = lifo ? band.newest : band.oldest;
      const auto late = too_late(entry->context_, Duration::zero(), now);
      if (!late) return entry;
      refuse(*entry, *late, now);
    }
  }
  return nullptr;
}

void AdmissionQueue::take(QueueEntry& entry, Instant now) noexcept {
  unlink(entry, now);
  entry.state_ = QueueEntry::State::kIdle;
  if (last_take_ != kInstantMax) {
    const auto gap = static_cast<double>((now - last_take_).count());
    take_gap_ns_ = take_gap_ns_ == 0 ? gap : take_gap_ns_ + kGapWeight * (gap - take_gap_ns_);
  }
  last_take_ = size_ == 0 ? kInstantMax : now;
}

void AdmissionQueue::refuse(QueueEntry& entry, const Rejection& rejection, Instant now) noexcept {
  unlink(entry, now);
  entry.state_ = QueueEntry::State::kRefused;
  entry.rejection_ = rejection;
  entry.newer_ = nullptr;
  entry.older_ = refused_newest_;
  (refused_newest_ != nullptr ? refused_newest_->newer_ : refused_oldest_) = &entry;
  refused_newest_ = &entry;
  ++refused_size_;
}

void AdmissionQueue::remove(QueueEntry& entry, Instant now) noexcept {
  WEIR_ASSERT(holds(entry));
  switch (entry.state_) {
    case QueueEntry::State::kIdle: return;
    case QueueEntry::State::kWaiting: unlink(entry, now); break;
    case QueueEntry::State::kRefused:
      (entry.older_ != nullptr ? entry.older_->newer_ : refused_oldest_) = entry.newer_;
      (entry.newer_ != nullptr ? entry.newer_->older_ : refused_newest_) = entry.older_;
      --refused_size_;
      break;
  }
  entry.older_ = entry.newer_ = nullptr;
  entry.state_ = QueueEntry::State::kIdle;
}

Instant AdmissionQueue::next_wakeup() const noexcept {
  if (refused_oldest_ != nullptr) return Instant::min();
  Instant earliest = kInstantMax;
  for (const Band& band : bands_) {
    if (band.size == 0) continue;
    earliest = std::min(earliest, band.oldest->enqueued_at_ + wait_bound(band));
    if (!band.overloaded) earliest = std::min(earliest, overload_at(band));
  }
  return earliest;
}

void AdmissionQueue::observe_service(Duration latency) noexcept {
  if (latency <= Duration::zero()) return;
  if (service_median_ == Duration::zero()) {
    service_median_ = latency;
    return;
  }
  const Duration step = std::max(service_median_ / kMedianStep, Duration(1));
  if (latency > service_median_)
    service_median_ += step;
  else if (latency < service_median_)
    service_median_ -= step;
}

const QueueEntry* AdmissionQueue::oldest() const noexcept {
  for (const Band& band : bands_)
    if (band.size > 0) return band.oldest;
  return nullptr;
}

bool AdmissionQueue::must_wait(Criticality criticality) const noexcept {
  for (size_t i = 0; i <= index(criticality); ++i) {
    const bool lifo = bands_[i].overloaded && options_.lifo_when_overloaded;
    if (bands_[i].size > 0 && !(lifo && i == index(criticality))) return true;
  }
  return false;
}

// An overloaded band serves its newest first, so whoever joins it waits only for the bands above.
Duration AdmissionQueue::predicted_wait(Criticality criticality) const noexcept {
  uint32_t ahead = 0;
  for (size_t i = 0; i <= index(criticality); ++i) {
    const bool lifo = bands_[i].overloaded && options_.lifo_when_overloaded;
    if (i < index(criticality) || !lifo) ahead += bands_[i].size;
  }
  return Duration(static_cast<int64_t>(take_gap_ns_ * ahead));
}

Duration AdmissionQueue::target() const noexcept {
  return std::max(options_.target, service_median_ / kTargetPerMedian);
}

// Nobody is shed for waiting while somebody less critical waits: that one is shed instead.
Duration AdmissionQueue::wait_bound(const Band& band) const noexcept {
  if (!band.overloaded) return options_.wait_max;
  for (const Band* below = &band + 1; below < bands_.data() + bands_.size(); ++below)
    if (below->size > 0) return options_.wait_max;
  return std::min(kSloughTargets * target(), options_.wait_max);
}

Instant AdmissionQueue::overload_at(const Band& band) const noexcept {
  return band.standing_since == kInstantMax ? kInstantMax : band.standing_since + options_.interval;
}

void AdmissionQueue::advance(Band& band, Instant now) noexcept {
  if (!band.overloaded) {
    if (now < overload_at(band)) return;
    band.overloaded = true;
    band.last_slough = now;
  } else if (now - band.last_slough >= options_.interval) {
    band.overloaded = false;
    band.standing_since =
        band.size == 0 ? kInstantMax : std::max(now, band.oldest->enqueued_at_ + target());
  }
}

void AdmissionQueue::expire(Band& band, Instant now) noexcept {
  advance(band, now);
  const Duration bound = wait_bound(band);
  while (band.size > 0 && now - band.oldest->enqueued_at_ >= bound) {
    const bool sloughed = band.overloaded && bound < options_.wait_max;
    Rejection rejection;
    rejection.reason = sloughed ? Reason::kShed : Reason::kQueueTimeout;
    rejection.value = milliseconds(now - band.oldest->enqueued_at_);
    rejection.bound = milliseconds(bound);
    rejection.retry_after = drain_time();
    if (band.overloaded) band.last_slough = now;
    refuse(*band.oldest, rejection, now);
  }
}

// Hosts that never poll cannot make the list of refused entries grow without bound: past the depth,
// nobody is pushed out any more.
bool AdmissionQueue::evict_for(Criticality arriving, Instant now) noexcept {
  if (refused_size_ >= options_.depth_max) return false;
  for (size_t i = kCriticalityCount - 1; i > index(arriving); --i) {
    if (bands_[i].size == 0) continue;
    refuse(*bands_[i].newest, full(), now);
    return true;
  }
  return false;
}

std::optional<Rejection> AdmissionQueue::too_late(const RequestContext& context, Duration wait,
                                                  Instant now) const noexcept {
  const Duration left = context.deadline.remaining(now);
  const Duration needed = wait + service_median_;
  if (left > needed || !context.deadline.bounded()) return std::nullopt;
  Rejection rejection;
  rejection.reason =
      left == Duration::zero() ? Reason::kDeadlinePassed : Reason::kDeadlineInfeasible;
  rejection.value = milliseconds(needed);
  rejection.bound = milliseconds(left);
  rejection.retry_after = wait;
  return rejection;
}

Rejection AdmissionQueue::full() const noexcept {
  Rejection rejection;
  rejection.reason = Reason::kQueueFull;
  rejection.value = size_;
  rejection.bound = depth_;
  rejection.retry_after = drain_time();
  return rejection;
}

// When all that waits now is gone: the best guess for when a place is free again.
Duration AdmissionQueue::drain_time() const noexcept {
  if (take_gap_ns_ == 0) return options_.wait_max;
  const Duration all(static_cast<int64_t>(take_gap_ns_ * size_));
  return std::max(all, target());
}

void AdmissionQueue::unlink(QueueEntry& entry, Instant now) noexcept {
  WEIR_ASSERT(entry.state_ == QueueEntry::State::kWaiting && entry.queue_ == this);
  Band& band = band_of(entry);
  const bool was_oldest = band.oldest == &entry;
  (entry.older_ != nullptr ? entry.older_->newer_ : band.oldest) = entry.newer_;
  (entry.newer_ != nullptr ? entry.newer_->older_ : band.newest) = entry.older_;
  entry.older_ = entry.newer_ = nullptr;
  --band.size;
  --size_;
  if (size_ == 0) last_take_ = kInstantMax;
  if (!was_oldest || band.overloaded) return;
  // The wait stands only as long as each next oldest is past the target too.
  if (band.size == 0)
    band.standing_since = kInstantMax;
  else if (band.oldest->enqueued_at_ + target() > now)
    band.standing_since = band.oldest->enqueued_at_ + target();
}

}  // namespace weir
