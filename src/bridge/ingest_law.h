// IngestLaw: how many requests may be on their way to Kafka, when what counts is how long they
// take.
#pragma once

#include "weir/control/elastic_limit.h"
#include "weir/control/limit.h"

namespace weir::bridge {

/// Why: the elastic law finds the knee of throughput, and Kafka has a soft one: what is given more
/// at once is taken in larger batches, at more latency for each. So beside that law stands
/// Little's: requests in flight are at most kLatencyRatio times what flows a second times the least
/// latency, which holds the latency at that multiple of the least.
///
/// The least latency falls to a window's mean at once and rises by 1 % a second, so that a Kafka
/// that has become slower is believed within minutes; the rate fades over two seconds. Under kMin
/// nothing is capped: counting so few says nothing. Not thread-safe.
class IngestLaw final : public Limit {
 public:
  static constexpr double kLatencyRatio = 2.0;
  static constexpr uint32_t kMin = 4;

  std::string_view name() const noexcept override { return "ingest"; }
  uint32_t initial() const noexcept override { return elastic_.initial(); }
  WindowSpec window() const noexcept override { return elastic_.window(); }
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override { return elastic_.figure_names(); }

 private:
  static ElasticLimitOptions options();
  uint32_t cap() const noexcept;

  ElasticLimit elastic_{options()};
  double latency_least_ = 0;  // seconds; 0: none yet
  double rate_ = 0;           // a second
};

}  // namespace weir::bridge
