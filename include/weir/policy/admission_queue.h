// AdmissionQueue: where work waits for capacity for a moment, and is told early when it waits in
// vain.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "weir/base/assert.h"
#include "weir/policy/reason.h"
#include "weir/policy/request_context.h"

namespace weir {

class AdmissionQueue;

/// A place in an AdmissionQueue, embedded in (or inherited by) the host's own request object, so
/// that queueing allocates nothing. Must not move or die while queued (asserted).
class QueueEntry {
 public:
  QueueEntry() noexcept = default;
  QueueEntry(const QueueEntry&) = delete;
  QueueEntry& operator=(const QueueEntry&) = delete;
  ~QueueEntry() { WEIR_ASSERT(!queued()); }

  /// Whether a queue still holds it, waiting or refused but not yet handed back.
  bool queued() const noexcept { return state_ != State::kIdle; }

  /// Whether it still waits for its turn.
  bool waiting() const noexcept { return state_ == State::kWaiting; }

  const RequestContext& context() const noexcept { return context_; }
  Instant enqueued_at() const noexcept { return enqueued_at_; }
  /// Why the queue gave it up; valid once AdmissionQueue::poll has returned it.
  const Rejection& rejection() const noexcept { return rejection_; }

 private:
  friend class AdmissionQueue;
  enum class State : uint8_t { kIdle, kWaiting, kRefused };

  RequestContext context_;
  Rejection rejection_;
  Instant enqueued_at_{};
  QueueEntry* older_ = nullptr;
  QueueEntry* newer_ = nullptr;
  const AdmissionQueue* queue_ = nullptr;  // the last that took it
  State state_ = State::kIdle;
};

/// A bounded queue in four bands of criticality, more critical first. A band is FIFO. It turns LIFO
/// when it is overloaded, because then the oldest are the ones that will be too late anyway.
///
/// A band is overloaded once its oldest entry has been older than `target` without a break for
/// `interval`: the queue stands instead of absorbing a burst (the test of CoDel, Nichols and
/// Jacobson 2012). From then on whatever has waited 2 × target is shed at once (the "slough" of
/// folly's Codel), until nothing had to be shed for a whole interval. A band sheds nobody while
/// somebody less critical waits.
///
/// Also refused: what has waited `wait_max`; what is least critical and newest when the queue is
/// full and something more critical arrives; what cannot be done before its deadline, by the
/// predicted wait and the median service time, on arrival and again when its turn comes.
///
/// Does no I/O and keeps no timer: the host calls poll at next_wakeup and after anything else that
/// it does here. Not thread-safe: one queue for each event loop. Every operation takes constant
/// time, poll in proportion to what it hands back.
class AdmissionQueue {
 public:
  struct Options {
    /// Entries, at most; 0 turns the queue off.
    uint32_t depth_max = 1000;
    /// Nobody waits longer.
    Duration wait_max = std::chrono::milliseconds(100);
    /// A standing wait that is still healthy, at least; a quarter of the median service time when
    /// that is more, because 5 ms are nothing to wait for an answer that takes 200 ms. 5 ms and
    /// 100 ms are CoDel's own defaults; for services shorter than 1 ms the depth binds first.
    Duration target = std::chrono::milliseconds(5);
    Duration interval = std::chrono::milliseconds(100);
    /// false keeps FIFO under overload too.
    bool lifo_when_overloaded = true;
  };

  explicit AdmissionQueue(Options options) noexcept;
  AdmissionQueue(const AdmissionQueue&) = delete;
  AdmissionQueue& operator=(const AdmissionQueue&) = delete;
  ~AdmissionQueue();

  /// Puts `entry` (not queued) at the end of its band, or says why not. May push another entry out,
  /// which the next poll hands back.
  std::optional<Rejection> offer(QueueEntry& entry, const RequestContext& context,
                                 Instant now) noexcept;

  /// The next entry refused meanwhile, no longer queued, its rejection() set; nullptr when there is
  /// none. Call until nullptr.
  QueueEntry* poll(Instant now) noexcept;

  /// Whose turn it is; nullptr when nobody waits. It stays queued until take, refuse or remove.
  QueueEntry* front(Instant now) noexcept;

  /// `entry`, waiting, was admitted and leaves.
  void take(QueueEntry& entry, Instant now) noexcept;

  /// `entry`, waiting, cannot be admitted for `rejection`; poll hands it back.
  void refuse(QueueEntry& entry, const Rejection& rejection, Instant now) noexcept;

  /// Whether this queue holds `entry`, waiting or refused.
  bool holds(const QueueEntry& entry) const noexcept {
    return entry.queued() && entry.queue_ == this;
  }

  /// `entry`, waiting or refused here, is withdrawn by its owner.
  void remove(QueueEntry& entry, Instant now) noexcept;

  /// When poll has something to do: Instant::min() for at once, kInstantMax for never.
  Instant next_wakeup() const noexcept;

  /// One service time, from which the median is learned (for deadlines and retry hints).
  void observe_service(Duration latency) noexcept;

  /// The bound on the depth in force, at most Options::depth_max; what waits already may stay.
  void set_depth(uint32_t depth) noexcept { depth_ = std::min(depth, options_.depth_max); }
  uint32_t depth() const noexcept { return depth_; }

  /// Nobody waits and nothing is left for poll.
  bool empty() const noexcept { return size_ == 0 && refused_size_ == 0; }
  /// Whether an arrival of this criticality must not go before those who wait.
  bool must_wait(Criticality criticality) const noexcept;

  uint32_t size() const noexcept { return size_; }
  uint32_t size(Criticality band) const noexcept { return bands_[index(band)].size; }
  bool overloaded(Criticality band) const noexcept { return bands_[index(band)].overloaded; }
  /// The oldest waiting entry of the most critical band that has any; nullptr when nobody waits.
  const QueueEntry* oldest() const noexcept;
  /// How long an entry of this band that arrives now would wait; zero while nothing is known.
  Duration predicted_wait(Criticality band) const noexcept;
  /// The learned median; zero while nothing is known.
  Duration service_median() const noexcept { return service_median_; }
  const Options& options() const noexcept { return options_; }

 private:
  struct Band {
    QueueEntry* oldest = nullptr;
    QueueEntry* newest = nullptr;
    uint32_t size = 0;
    bool overloaded = false;
    /// Since when the oldest has been (or, in the future, when it will be) older than the target.
    Instant standing_since = kInstantMax;
    Instant last_slough{};
  };

  static size_t index(Criticality band) noexcept { return static_cast<size_t>(band); }
  Band& band_of(const QueueEntry& entry) noexcept {
    return bands_[index(entry.context_.criticality)];
  }
  Duration target() const noexcept;
  Duration wait_bound(const Band& band) const noexcept;
  Instant overload_at(const Band& band) const noexcept;
  void advance(Band& band, Instant now) noexcept;
  void expire(Band& band, Instant now) noexcept;
  bool evict_for(Criticality arriving, Instant now) noexcept;
  std::optional<Rejection> too_late(const RequestContext& context, Duration wait,
                                    Instant now) const noexcept;
  Rejection full() const noexcept;
  Duration drain_time() const noexcept;
  void unlink(QueueEntry& entry, Instant now) noexcept;

  Options options_;
  uint32_t depth_;
  uint32_t size_ = 0;
  std::array<Band, kCriticalityCount> bands_;

  // Refused, waiting to be handed back by poll; at most depth_max of them (see evict_for).
  QueueEntry* refused_oldest_ = nullptr;
  QueueEntry* refused_newest_ = nullptr;
  uint32_t refused_size_ = 0;

  Instant last_take_ = kInstantMax;  // kInstantMax: the queue was empty since
  double take_gap_ns_ = 0;           // smoothed time between two takes of a busy queue; 0 unknown
  Duration service_median_{};
};

}  // namespace weir
