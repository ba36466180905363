// Gate: the door of one event loop to a shared PolicyStack, with a bench to wait on.
#pragma once

#include <atomic>
#include <memory>

#include "weir/policy/admission_queue.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"

namespace weir {

/// Gates in one group, at most: one an event loop.
inline constexpr uint16_t kGateMax = 64;

/// What the gates of all event loops on one stack share: who waits where, and whether the process
/// is draining. Safe from any thread.
class GateGroup {
 public:
  /// From now on arrivals are refused as kDraining; what waits may still be admitted.
  void drain() noexcept { draining_.store(true, std::memory_order_relaxed); }
  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }

  /// A bit for each slot whose gate has somebody waiting.
  uint64_t waiting_mask() const noexcept { return mask_.load(std::memory_order_seq_cst); }
  /// Entries waiting in all gates, a moment ago.
  uint32_t waiting() const noexcept;

 private:
  friend class Gate;
  struct alignas(64) Bench {
    std::atomic<uint64_t> rank{0};  // of the head, see gate.cc; smaller goes first
    std::atomic<uint32_t> size{0};
  };

  std::atomic<bool> draining_{false};
  alignas(64) std::atomic<uint64_t> mask_{0};
  std::array<Bench, kGateMax> benches_;
};

/// What became of an arrival.
enum class Verdict : uint8_t {
  kAdmitted,  ///< Arrival::permit is set
  kWaiting,   ///< the entry is queued; pump delivers its fate
  kRejected,  ///< Arrival::rejection is set
};

/// No other loop needs a wake-up.
inline constexpr int kNobody = -1;

struct Arrival {
  Verdict verdict = Verdict::kRejected;
  int wake = kNobody;  ///< slot of a gate whose loop the host should wake so that it pumps
  Permit permit;
  Rejection rejection;
};

/// Where a gate delivers. Called from within pump; may call arrive, cancel and pump of the same
/// gate, and may destroy the entry it is given.
class GateSink {
 public:
  virtual void admitted(QueueEntry& entry, Permit permit) noexcept = 0;
  virtual void refused(QueueEntry& entry, const Rejection& rejection) noexcept = 0;

 protected:
  ~GateSink() = default;
};

/// Joins a shared PolicyStack with this event loop's own AdmissionQueue. While the queue is FIFO,
/// nobody who waits here is overtaken by a later arrival of the same or lower criticality, and
/// across loops by no more than Options::handover_lag. A refusal by the gate or its queue has the
/// policy_index policy_count(), one past the stack's own.
///
/// The host's duties, all from the gate's own thread: call pump after completions, at next_wakeup,
/// and when another gate or a grown limit asks for it; wake the loop that pump or arrive names. No
/// permit is lost between loops: an entry registers as waiting before it asks the stack a last
/// time, and who completes looks for waiting entries after giving back, both in one total order.
class Gate {
 public:
  struct Options {
    AdmissionQueue::Options queue;
    /// This gate's number in its group, below kGateMax, each used once.
    uint16_t slot = 0;
    /// The queue's depth follows the limit: depth_ratio × limit / loop_count, at least depth_min
    /// (≥ 1) and at most queue.depth_max. Without a limiter the depth is queue.depth_max.
    double depth_ratio = 1.0;
    uint32_t depth_min = 1;
    uint16_t loop_count = 1;
    /// A place is passed to another loop when its head has waited this much longer than ours.
    Duration handover_lag = std::chrono::milliseconds(5);
  };

  /// `limiter` (may be null) is the one in the stack whose limit the queue's depth follows.
  Gate(std::shared_ptr<PolicyStack> stack, std::shared_ptr<GateGroup> group,
       std::shared_ptr<const Limiter> limiter, Options options);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();

  /// New work. `entry` is used only for Verdict::kWaiting, and then must live until it is delivered
  /// or cancelled.
  Arrival arrive(QueueEntry& entry, const RequestContext& context, Instant now) noexcept;

  /// Admits who waits while there is room, delivers who was refused. Returns the slot of another
  /// gate that should be pumped, or kNobody. A few nanoseconds when nobody waits anywhere.
  int pump(Instant now, GateSink& sink) noexcept {
    if (queue_.empty() && group_->waiting_mask() == 0) return kNobody;
    return pump_waiting(now, sink);
  }

  /// The owner gave up. The entry is free again on return; false when it was not queued here.
  bool cancel(QueueEntry& entry, Instant now) noexcept;

  /// When pump has something to do without a completion; kInstantMax when nobody waits.
  Instant next_wakeup() const noexcept { return queue_.next_wakeup(); }

  /// Tells how long a completed request took in the service, for deadlines and retry hints.
  void observe_service(Duration latency) noexcept { queue_.observe_service(latency); }

  const AdmissionQueue& queue() const noexcept { return queue_; }
  PolicyStack& stack() const noexcept { return *stack_; }
  const GateGroup& group() const noexcept { return *group_; }
  const Options& options() const noexcept { return options_; }

 private:
  Arrival admit_or_refuse(const RequestContext& context, Instant now) noexcept;
  Arrival refused(Rejection rejection) const noexcept;
  Arrival wait(QueueEntry& entry, const RequestContext& context, Instant now, int turn) noexcept;
  void follow_limit() noexcept;
  void publish() noexcept;
  int best_other(Instant now) const noexcept;
  int whose_turn(uint64_t rank, Instant now) const noexcept;
  int pump_waiting(Instant now, GateSink& sink) noexcept;
  int admit_waiting(Instant now, GateSink& sink) noexcept;
  void deliver_refused(Instant now, GateSink& sink) noexcept;

  std::shared_ptr<PolicyStack> stack_;
  std::shared_ptr<GateGroup> group_;
  std::shared_ptr<const Limiter> limiter_;
  Options options_;
  AdmissionQueue queue_;
  bool pumping_ = false;
  bool pump_again_ = false;
  bool published_ = false;  // whether our bit is in the group's mask
};

}  // namespace weir
