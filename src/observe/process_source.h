// ProcessSource: what every process tells about itself, whatever it hosts.
#pragma once

#include <string>
#include <utility>

#include "observe/log.h"
#include "observe/registry.h"

namespace weir::observe {

/// The version, and the log lines that were lost. Add it to the registry and keep it as long.
class ProcessSource final : public MetricSource {
 public:
  ProcessSource(const Log& log, std::string version) : log_(log), version_(std::move(version)) {}

  void collect(MetricSink& sink) const override {
    sink.value(Metric::kLogDropped, {}, static_cast<double>(log_.dropped()));
    sink.value(Metric::kBuildInfo, {version_}, 1);
  }

 private:
  const Log& log_;
  std::string version_;
};

}  // namespace weir::observe
