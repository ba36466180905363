// FixedLimit: a number somebody chose.
#pragma once

#include "weir/control/limit.h"

namespace weir {

struct FixedLimitOptions {
  uint32_t limit = 64;  ///< at least 1
};

/// Why: the yardstick. At the service's true knee it is the oracle that every adaptive law is
/// measured against; anywhere else it shows what a wrong guess costs.
///
/// Formula: L' = L.
///
/// When not to use: whenever the service can become slower, lose workers or be scaled.
class FixedLimit final : public Limit {
 public:
  explicit FixedLimit(FixedLimitOptions options = {}) noexcept : options_(options) {}

  std::string_view name() const noexcept override { return "fixed"; }
  uint32_t initial() const noexcept override { return options_.limit; }
  WindowSpec window() const noexcept override;
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  FixedLimitOptions options_;
};

}  // namespace weir
