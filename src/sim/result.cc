#include "sim/result.h"

#include <algorithm>
#include <cmath>

namespace weir::sim {

double quantile(std::vector<float>& values, double q) {
  if (values.empty()) return 0;
  const double rank = std::ceil(q * static_cast<double>(values.size())) - 1;
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 0.0));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

Tally sum(const std::vector<Tally>& slices, Instant begin, Instant end) {
  Tally total;
  const auto first = static_cast<size_t>((begin - Instant{}) / kSlice);
  const auto last = std::min(slices.size(), static_cast<size_t>((end - Instant{}) / kSlice));
  for (size_t i = first; i < last; ++i) {
    total.offered += slices[i].offered;
    total.good += slices[i].good;
    total.failed += slices[i].failed;
    total.attempts += slices[i].attempts;
    total.refused += slices[i].refused;
    total.timed_out += slices[i].timed_out;
  }
  return total;
}

}  // namespace weir::sim
