// The one table of metrics: names, types, labels, help. Prometheus text and
// docs/reference/metrics.md are made from it, so that a metric cannot exist without a word about
// what it means.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::observe {

/// Every metric family, in the order of the page and of the exposition.
enum class Metric : uint8_t {
  kRequests,
  kRejections,
  kRequestDuration,
  kUpstreamDuration,
  kQueueWait,
  kQueueDepth,
  kQueueLimit,
  kInflight,
  kInflightPeak,
  kConcurrencyLimit,
  kPoolConnections,
  kSaturation,
  kBreakerState,
  kBreakerTransitions,
  kRetries,
  kRetryBudget,
  kBulkheadInflight,
  kBulkheadLimit,
  kCredits,
  kShadowRejections,
  kConnections,
  kReloads,
  kLogDropped,
  kOtlpPushes,
  kSpansLost,
  kBuildInfo,
  kKafkaLag,
  kKafkaCommitted,
  kKafkaInflight,
  kKafkaHeldBytes,
  kKafkaParkedKeys,
  kKafkaFetched,
  kKafkaTaken,
  kKafkaDeliveries,
  kKafkaMoves,
  kKafkaCommits,
  kKafkaRemedies,
  kIngestRecords,
  kIngestHeldBytes,
  kIngestInflight,
  kIngestLimit,
};

inline constexpr int kMetricCount = 41;

enum class MetricType : uint8_t { kCounter, kGauge, kHistogram };

const char* to_string(MetricType type) noexcept;

/// Labels a family can have, at most. Client ids are never labels: their number has no bound.
inline constexpr size_t kLabelMax = 3;

struct MetricInfo {
  Metric metric;
  MetricType type;
  std::string_view name;  ///< with base unit as suffix: _seconds, _ratio, _total
  std::string_view help;  ///< one sentence
  std::array<std::string_view, kLabelMax> labels;  ///< empty names are unused

  size_t label_count() const noexcept {
    size_t count = 0;
    while (count < kLabelMax && !labels[count].empty()) ++count;
    return count;
  }
};

const MetricInfo& info(Metric metric) noexcept;

/// All families, ordered as the enum.
std::span<const MetricInfo> all_metrics() noexcept;

}  // namespace weir::observe
