// IngestView: an ingest as metrics and as state.
#pragma once

#include <vector>

#include "bridge/ingest.h"
#include "observe/registry.h"
#include "observe/state.h"

namespace weir::bridge {

/// Reads Ingest::stats(); any thread. The ingest must outlive it.
class IngestView final : public observe::MetricSource {
 public:
  explicit IngestView(const Ingest& ingest) : ingest_(ingest) {}

  void collect(observe::MetricSink& sink) const override {
    using observe::Metric;
    const IngestStats stats = ingest_.stats();
    const std::string& topic = ingest_.options().topic;
    const auto records = [&](const char* result, uint64_t count) {
      sink.value(Metric::kIngestRecords, {topic, result}, static_cast<double>(count));
    };
    records("written", stats.written);
    records("full", stats.full);
    records("too_large", stats.too_large);
    records("failed", stats.failed);
    sink.value(Metric::kIngestHeldBytes, {topic}, static_cast<double>(stats.bytes));
    sink.value(Metric::kIngestInflight, {topic}, stats.in_flight);
    sink.value(Metric::kIngestLimit, {topic}, stats.limit);
  }

  /// The buffer before Kafka, and what may be on its way there.
  std::vector<observe::ComponentState> components() const {
    const IngestStats stats = ingest_.stats();
    const std::string& topic = ingest_.options().topic;
    return {{.kind = "buffer",
             .upstream = topic,
             .value = static_cast<double>(stats.bytes),
             .bound = static_cast<double>(ingest_.options().memory_max),
             .unit = "bytes",
             .why = "`memory` of the ingest; beyond it producers get 429"},
            {.kind = "limiter",
             .upstream = topic,
             .name = "ingest",
             .value = static_cast<double>(stats.in_flight),
             .bound = static_cast<double>(stats.limit),
             .unit = "requests",
             .why = "the last decision of the law; beyond it producers get 429"}};
  }

 private:
  const Ingest& ingest_;
};

}  // namespace weir::bridge
