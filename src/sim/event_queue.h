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
  kTimeout,  ///< the caller's patience; target is the request
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
  uint16_t lane = 0;  ///< where it waited, see EventQueue::add_lane
};

/// A 4-ary heap on a vector that only grows: half the depth of a binary heap, and four children
/// share a cache line and a half. Beside it lanes: time-outs of one length end in the order in
/// which they began, so all but the first of them wait in a ring outside the heap, and those whose
/// request has been answered meanwhile, nearly all, are dropped there without ever entering it. No
/// allocation per event once warm.
class EventQueue {
 public:
  void push(Instant at, EventKind kind, uint32_t target, uint32_t generation = 0) {
    insert({at.time_since_epoch().count(), next_order_++, target, generation, kind});
  }

  /// A lane for events that are pushed in the order of their time. At most 65,535.
  uint16_t add_lane() {
    lanes_.emplace_back();
    return static_cast<uint16_t>(lanes_.size());
  }

  /// `at` is not before what was pushed to this lane last.
  void push_to_lane(uint16_t lane, Instant at, EventKind kind, uint32_t target,
                    uint32_t generation) {
    const Event event{at.time_since_epoch().count(), next_order_++, target, generation, kind, lane};
    Lane& waiting = lanes_[lane - 1u];
    if (waiting.empty()) insert(event);
    waiting.push(event);
  }

  bool empty() const noexcept { return heap_.empty(); }
  size_t size() const noexcept { return heap_.size(); }
  const Event& top() const noexcept { return heap_.front(); }

  /// Not empty. `stale` tells which events of lanes nobody waits for any more.
  template <typename Stale>
  Event pop(const Stale& stale) {
    const Event first = heap_.front();
    if (first.lane != 0) {
      Lane& lane = lanes_[first.lane - 1u];
      do lane.pop();
      while (!lane.empty() && stale(lane.front()));
      if (!lane.empty()) {
        sink(lane.front(), heap_.size());
        return first;
      }
    }
    const Event last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last, heap_.size());
    return first;
  }
  Event pop() {
    return pop([](const Event&) { return false; });
  }

 private:
  static constexpr size_t kArity = 4;

  // A ring that only grows.
  class Lane {
   public:
    bool empty() const noexcept { return head_ == tail_; }
    const Event& front() const noexcept { return ring_[head_ & (ring_.size() - 1)]; }
    void pop() noexcept { ++head_; }
    void push(const Event& event) {
      if (tail_ - head_ == ring_.size()) grow();
      ring_[tail_++ & (ring_.size() - 1)] = event;
    }

   private:
    void grow() {
      std::vector<Event> larger(ring_.size() * 2);
      for (uint64_t i = head_; i < tail_; ++i)
        larger[i & (larger.size() - 1)] = ring_[i & (ring_.size() - 1)];
      ring_ = std::move(larger);
    }

    std::vector<Event> ring_ = std::vector<Event>(64);
    uint64_t head_ = 0;
    uint64_t tail_ = 0;
  };

  // The order wraps after 4 billion events; those at the same instant are far closer together.
  static bool before(const Event& a, const Event& b) noexcept {
    return a.at_ns != b.at_ns ? a.at_ns < b.at_ns : static_cast<int32_t>(a.order - b.order) < 0;
  }

  void insert(const Event& event) {
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

  // Puts `event` where the first was and lets it sink to its place.
  void sink(const Event event, size_t size) noexcept {
    size_t hole = 0;
    for (size_t child = 1; child < size; child = hole * kArity + 1) {
      size_t least = child;
      const size_t end = child + kArity < size ? child + kArity : size;
      for (size_t i = child + 1; i < end; ++i)
        if (before(heap_[i], heap_[least])) least = i;
      if (!before(heap_[least], event)) break;
      heap_[hole] = heap_[least];
      hole = least;
    }
    heap_[hole] = event;
  }

  std::vector<Event> heap_;
  std::vector<Lane> lanes_;
  uint32_t next_order_ = 0;
};

}  // namespace weir::sim
