// ServiceModel: workers, the FIFO queue before them, and how long work takes under the faults that
// the scenario has in store.
#pragma once

#include <vector>

#include "sim/spec.h"
#include "weir/base/rng.h"

namespace weir::sim {

/// Draws the work of a request, normalised to a speed of 1.
Duration draw(const ServiceTime& time, Rng& rng);

/// Virtual time stretched by slowdowns, which multiply where they overlap, and by a quota. Queried
/// with instants that never go back.
class Pace {
 public:
  Pace(std::vector<Slowdown> slowdowns, CpuQuota quota);

  /// When work of this size is done that starts `now`.
  Instant finish(Instant now, Duration work);

 private:
  struct Segment {
    Instant begin;
    double speed;
  };

  double speed_at(Instant t, size_t& segment, Instant& until) const;

  std::vector<Segment> segments_;  // the first begins at Instant::min()
  CpuQuota quota_;
  size_t current_ = 0;
};

/// A growing ring of request numbers; never shrinks.
class Fifo {
 public:
  void push(uint32_t value);
  uint32_t pop();
  bool empty() const noexcept { return size_ == 0; }
  size_t size() const noexcept { return size_; }

 private:
  std::vector<uint32_t> ring_ = std::vector<uint32_t>(64);
  size_t head_ = 0;
  size_t size_ = 0;
};

class ServiceModel {
 public:
  /// `instance` is its number within the service.
  ServiceModel(const ServiceSpec& spec, Rng rng, uint32_t instance = 0);

  /// Work just drawn: its size, when it will be done, and whether it then ends in an error.
  struct Job {
    Duration work;
    Instant finish;
    bool fails = false;
  };

  /// Worker seconds spent on work up to `now`; never goes back.
  double busy_seconds(Instant now) noexcept {
    account(now);
    return busy_seconds_;
  }
  uint32_t workers() const noexcept { return workers_; }

  bool has_idle_worker() const noexcept { return busy_ < workers_; }
  void enqueue(uint32_t request) { waiting_.push(request); }
  /// Whether a queued request can start now.
  bool can_start() const noexcept { return has_idle_worker() && !waiting_.empty(); }
  uint32_t dequeue() { return waiting_.pop(); }
  /// A worker takes up a request of `cost` times the usual work.
  Job start(Instant now, uint32_t cost = 1);
  void release_worker(Instant now) noexcept {
    account(now);
    --busy_;
  }

  void set_workers(uint32_t workers) noexcept { workers_ = workers; }
  uint32_t busy() const noexcept { return busy_; }
  size_t inside() const noexcept { return busy_ + waiting_.size(); }

 private:
  void account(Instant now) noexcept;
  double contention() const noexcept;
  bool draw_failure(Instant now);

  const ServiceSpec& spec_;
  Rng rng_;
  uint32_t instance_;
  Pace pace_;
  Fifo waiting_;
  bool contended_;  // whether contention() can be anything but 1
  uint32_t workers_;
  uint32_t busy_ = 0;
  double busy_seconds_ = 0;
  Instant accounted_{};
  size_t time_step_ = 0;  // steps of spec_.time_steps already in force
};

}  // namespace weir::sim
