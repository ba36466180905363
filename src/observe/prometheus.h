// Prometheus text exposition, version 0.0.4, and OpenMetrics 1.0.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "observe/registry.h"

namespace weir::observe {

inline constexpr const char* kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr const char* kOpenMetricsContentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All series of the registry and its sources as one exposition: families in the table's order,
/// each with HELP and TYPE; families without a series are left out. Histograms are cut to one
/// bucket a doubling, from 65 µs to 69 s: the fine shape has 960.
std::string render_prometheus(const Registry& registry);

/// One request that stands for a bucket.
struct Exemplar {
  std::string request_id;
  double seconds = 0;
  double time_s = 0;  ///< since 1970
};

/// The newest request of each bucket of each histogram: what lets a person go from a slow bucket to
/// an explanation. Not thread-safe.
class ExemplarBook {
 public:
  /// `label` is the value of the histogram's first label. Past kEntryMax buckets, new ones are left
  /// out.
  void put(Metric metric, std::string_view label, Exemplar exemplar);
  /// That of the bucket whose upper bound is 2^octave nanoseconds; null when there is none.
  const Exemplar* find(Metric metric, std::string_view label, int octave) const noexcept;

  static constexpr size_t kEntryMax = 20 * 1000;

 private:
  std::map<std::tuple<Metric, std::string, int>, Exemplar, std::less<>> newest_;
};

/// The same series as OpenMetrics, histograms with exemplars. Request ids are cut so that an
/// exemplar stays within the 128 characters that the format allows.
std::string render_open_metrics(const Registry& registry, const ExemplarBook& exemplars);

}  // namespace weir::observe
