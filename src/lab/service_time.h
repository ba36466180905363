// How long one piece of work takes: the distributions the lab's service can be given.
#pragma once

#include <cstdint>
#include <string_view>

#include "weir/base/expected.h"
#include "weir/base/rng.h"
#include "weir/base/time.h"

namespace weir::lab {

/// A service-time distribution. A value type; draws only from the generator it is handed.
class ServiceTime {
 public:
  enum class Kind : uint8_t {
    kConst,      ///< always `mean`
    kExp,        ///< exponential: memoryless, the standard model of varied work
    kBimodal,    ///< two kinds of request: mostly quick, sometimes slow
    kLognormal,  ///< a long right tail, as measured in many real services
  };

  static ServiceTime constant(Duration mean) { return ServiceTime(Kind::kConst, mean); }
  static ServiceTime exponential(Duration mean) { return ServiceTime(Kind::kExp, mean); }
  /// `slow` with probability `slow_share`, else `quick`.
  static ServiceTime bimodal(Duration quick, Duration slow, double slow_share);
  /// Mean `mean`; `sigma` is the standard deviation of the logarithm (1.0 is a heavy tail).
  static ServiceTime lognormal(Duration mean, double sigma);

  /// "const:20ms", "exp:20ms", "bimodal:10ms,200ms,10%", "lognormal:20ms,1.0".
  static Expected<ServiceTime> parse(std::string_view text);

  Duration draw(Rng& rng) const;
  Duration mean() const;
  Kind kind() const { return kind_; }

 private:
  ServiceTime(Kind kind, Duration first) : kind_(kind), first_(first) {}

  Kind kind_;
  Duration first_;         // the mean; for kBimodal the quick value
  Duration second_{};      // kBimodal: the slow value
  double slow_share_ = 0;  // kBimodal
  double sigma_ = 0;       // kLognormal
};

}  // namespace weir::lab
