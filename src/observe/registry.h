// Registry: where the data plane counts. Each worker writes to memory of its own, so counting costs
// a load and a store, no lock, no allocation and no cache line shared between cores.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "observe/metric.h"
#include "weir/base/time.h"
#include "weir/stats/histogram.h"

namespace weir::observe {

/// Values of a family's labels, in the order of the table; at most kLabelMax. Borrows the strings.
class LabelValues {
 public:
  LabelValues(std::initializer_list<std::string_view> values) noexcept;
  explicit LabelValues(const std::vector<std::string>& values) noexcept;

  const std::string_view* begin() const noexcept { return values_.data(); }
  const std::string_view* end() const noexcept { return values_.data() + count_; }
  size_t size() const noexcept { return count_; }

 private:
  std::array<std::string_view, kLabelMax> values_;
  size_t count_;
};

/// A count that only grows. A small handle: copy it freely; it stays valid as long as its registry.
/// Without a registry (default-constructed) it must not be used.
class Counter {
 public:
  Counter() noexcept = default;

  /// One thread at a time a worker slot; different slots may add at the same time.
  void add(uint16_t worker, uint64_t count = 1) const noexcept;

  /// The sum over all workers. From any thread.
  uint64_t total() const noexcept;

 private:
  friend class Registry;
  Counter(std::atomic<uint64_t>* cells, size_t stride, uint16_t workers) noexcept
      : cells_(cells), stride_(stride), workers_(workers) {}

  std::atomic<uint64_t>* cells_ = nullptr;
  size_t stride_ = 0;  // cells from one worker's to the next's
  uint16_t workers_ = 0;
};

/// A distribution of times, in the histogram shape of the whole project. A handle like Counter.
class DurationRecorder {
 public:
  DurationRecorder() noexcept = default;

  /// One thread at a time a worker slot. Negative values count as zero.
  void record(uint16_t worker, Duration value) const noexcept;

  /// All workers merged. From any thread; values recorded meanwhile may or may not be in it.
  Histogram merged() const noexcept;

 private:
  friend class Registry;
  DurationRecorder(std::atomic<uint64_t>* cells, size_t stride, uint16_t workers) noexcept
      : cells_(cells), stride_(stride), workers_(workers) {}

  std::atomic<uint64_t>* cells_ = nullptr;  // buckets, then the sum in nanoseconds
  size_t stride_ = 0;
  uint16_t workers_ = 0;
};

/// Takes the values of one scrape: value() for counters and gauges, histogram() for distributions,
/// each with as many labels as the table says. The order is free.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual void value(Metric metric, LabelValues labels, double value) = 0;
  virtual void histogram(Metric metric, LabelValues labels, const Histogram& histogram) = 0;
};

/// Something that knows its present numbers (a limiter in flight, a queue's depth): asked at each
/// scrape, so that no gauge can be stale. `collect` runs on the thread that scrapes.
class MetricSource {
 public:
  virtual ~MetricSource() = default;
  virtual void collect(MetricSink& sink) const = 0;
};

/// All series of a process. Creating series and scraping take a lock; the handles never do.
class Registry {
 public:
  /// `workers`: threads that record, at least 1; each owns one slot below that number.
  explicit Registry(uint16_t workers);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// The series with these labels, made when it is new. The family must be of the fitting type.
  /// Past kSeriesMax series of a family, all others share one whose labels read "overflow".
  Counter counter(Metric metric, LabelValues labels);
  DurationRecorder duration(Metric metric, LabelValues labels);

  /// `source` is asked at each scrape until remove_source; the registry does not own it.
  void add_source(const MetricSource& source);
  void remove_source(const MetricSource& source);

  /// Hands every value to `sink`: first the registry's own series, then the sources'.
  void collect(MetricSink& sink) const;

  uint16_t workers() const noexcept { return workers_; }

  /// Series a family can have. A configuration has some dozen routes and upstreams; a thousand
  /// means that something unbounded became a label.
  static constexpr size_t kSeriesMax = 1000;

 private:
  struct Series;
  struct Block;

  Series& series(Metric metric, LabelValues labels, size_t cells);
  std::atomic<uint64_t>* allocate(size_t cells, size_t& stride);
  void collect_own(MetricSink& sink) const;

  const uint16_t workers_;
  mutable std::mutex mutex_;  // guards all below
  std::vector<std::unique_ptr<Series>> families_[kMetricCount];
  std::vector<Block> blocks_;
  std::vector<const MetricSource*> sources_;
};

}  // namespace weir::observe
