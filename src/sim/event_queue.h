// EventQueue: what happens next in virtual time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weir/base/time.h"

namespace weir::sim {

enum class EventKind : uint8_t {
  kArrival,  ///< a client's next request; target is the client
  kRetry,    ///< a request whose back-off is over; target is the request
  kTimeout,  ///< the client's patience; target is the request
  kFinish,   ///< a worker is done; target is the request
  kAnswer,   ///< the answer crossed the network; target is the request
  kTick,     ///< the control loop of a node; target is the node
  kWake,     ///< the gate of a node has something due; target is the node
  kWorkers,  ///< a node's number of workers changes; target is the node
};

/// One event. `generation` lets the receiver drop events for a request that is gone.
struct Event {
  int64_t at_ns;
  uint32_t order;  ///< ties are broken by the order of scheduling, so a run is reproducible
  uint32_t target;
  uint32_t generation;
  EventKind kind;
};

/// A 4-ary heap on a vector that only grows: half the depth of a binary heap, and four children
/// share a cache line and a half. No allocation per event once warm.
class EventQueue {
 public:
  void push(Instant at, EventKind kind, uint32_t target, uint32_t generation = 0) {
    const Event event{at.time_since_epoch().count(), next_order_++, target, generation, kind};
    size_t hole = heap_.size();
    heap_.push_back(event);
    while (hole > 0) {
      const size_t parent = (hole - 1) / kArity;
      if (!before(event, heap_[parent])) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = event;
  }

  bool empty() const noexcept { return heap_.empty(); }
  size_t size() const noexcept { return heap_.size(); }
  const Event& top() const noexcept { return heap_.front(); }

  /// Not empty.
  Event pop() noexcept {
    const Event first = heap_.front();
    const Event last = heap_.back();
    heap_.pop_back();
    const size_t size = heap_.size();
    if (size == 0) return first;
    size_t hole = 0;
    for (size_t child = 1; child < size; child = hole * kArity + 1) {
      size_t least = child;
      const size_t end = child + kArity < size ? child + kArity : size;
      for (size_t i = child + 1; i < end; ++i)
        if (before(heap_[i], heap_[least])) least = i;
      if (!before(heap_[least], last)) break;
      heap_[hole] = heap_[least];
      hole = least;
    }
    heap_[hole] = last;
    return first;
  }

 private:
  static constexpr size_t kArity = 4;

  static bool before(const Event& a, const Event& b) noexcept {
    return a.at_ns != b.at_ns ? a.at_ns < b.at_ns : a.order < b.order;
  }

  std::vector<Event> heap_;
  uint32_t next_order_ = 0;
};

}  // namespace weir::sim
