// BridgeView: a bridge as metrics and as state.
#pragma once

#include <string>
#include <vector>

#include "bridge/bridge.h"
#include "observe/registry.h"
#include "observe/state.h"

namespace weir::bridge {

/// Reads Bridge::stats(); any thread. The bridge must outlive it.
class BridgeView final : public observe::MetricSource {
 public:
  explicit BridgeView(const Bridge& bridge) : bridge_(bridge) {}

  void collect(observe::MetricSink& sink) const override;

  /// The limiter, the breaker, the memory and each partition.
  std::vector<observe::ComponentState> components() const;

 private:
  const Bridge& bridge_;
};

}  // namespace weir::bridge
