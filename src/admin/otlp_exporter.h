// OtlpExporter: pushes metrics and traces to an OpenTelemetry collector, from a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "admin/otlp_json.h"
#include "net/address.h"
#include "net/url.h"
#include "observe/log.h"
#include "observe/sampler.h"

namespace weir::admin {

/// Runs from make() to its destruction, which sends once more. Whoever records spans never waits
/// for it: they lie in the host's rings, and what it does not fetch in time is overwritten and
/// counted. A collector that does not answer costs only its own thread's time; metrics are
/// cumulative, so a push that failed loses nothing.
class OtlpExporter final : public observe::MetricSource {
 public:
  struct Sources {
    observe::Registry& registry;
    const observe::SpanSource* spans = nullptr;  ///< null: no traces
    observe::Log* log = nullptr;
  };

  /// `url` is the collector's OTLP/HTTP endpoint, "http://127.0.0.1:4318"; /v1/metrics and
  /// /v1/traces are asked for below it. Errors: kUsage, kUnavailable for a name that is unknown.
  static Expected<std::unique_ptr<OtlpExporter>> make(const std::string& url, Sources sources,
                                                      OtlpResource resource);
  ~OtlpExporter() override;
  OtlpExporter(const OtlpExporter&) = delete;
  OtlpExporter& operator=(const OtlpExporter&) = delete;

  void collect(observe::MetricSink& sink) const override;

  static constexpr Duration kTracesEvery = std::chrono::seconds(1);
  static constexpr int kMetricsEvery = 10;  ///< times kTracesEvery
  /// Connecting, sending and the answer have this together.
  static constexpr Duration kPatience = std::chrono::seconds(3);

 private:
  enum Signal : size_t { kMetrics, kTraces };
  struct Counts {
    std::atomic<uint64_t> sent{0};
    std::atomic<uint64_t> failed{0};
  };

  OtlpExporter(net::Url url, net::Address address, Sources sources, OtlpResource resource);

  void run();
  void push_metrics();
  void push_traces();
  void push(Signal signal, const char* path, const std::string& body);
  std::string post(const char* path, const std::string& body) const;

  net::Url url_;
  net::Address address_;
  Sources sources_;
  OtlpResource resource_;
  int64_t start_ns_;
  std::vector<uint64_t> next_span_;
  uint64_t lost_spans_ = 0;
  observe::Sampler failures_;
  Counts counts_[2];
  std::atomic<uint64_t> lost_{0};
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace weir::admin
