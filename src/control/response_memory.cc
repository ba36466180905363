#include "weir/control/response_memory.h"

#include <algorithm>
#include <cmath>

namespace weir {
namespace {

constexpr int kExact = 16;  // up to here each limit has a cell of its own
constexpr double kGrid = 1.1;

}  // namespace

int ResponseMemory::index(double limit) noexcept {
  if (limit < kExact) return std::max(1, static_cast<int>(std::lround(limit)));
  const double steps = std::log(limit / kExact) / std::log(kGrid);
  return std::min(kCells - 1, kExact + static_cast<int>(std::lround(steps)));
}

uint32_t ResponseMemory::limit_at(int index) noexcept {
  if (index <= kExact) return static_cast<uint32_t>(std::max(1, index));
  return static_cast<uint32_t>(std::lround(kExact * std::pow(kGrid, index - kExact)));
}

uint32_t ResponseMemory::nearest(double limit) noexcept {
  return limit_at(index(limit));
}

uint32_t ResponseMemory::step(uint32_t limit, bool up) noexcept {
  return limit_at(std::clamp(index(limit) + (up ? 1 : -1), 1, kCells - 1));
}

ResponseMemory::Cell& ResponseMemory::faded(uint32_t limit, Instant now) noexcept {
  Cell& cell = cells_[static_cast<size_t>(index(limit))];
  const double keep = std::exp(-to_seconds(now - cell.faded_at) / to_seconds(options_.fade));
  cell.sample.finished *= keep;
  cell.sample.seconds *= keep;
  cell.faded_at = now;
  return cell;
}

ResponseMemory::Sample ResponseMemory::at(uint32_t limit, Instant now) noexcept {
  return faded(limit, now).sample;
}

void ResponseMemory::add(uint32_t limit, const Sample& sample, Instant now) noexcept {
  faded(limit, now).sample.add(sample.finished, sample.seconds);
}

}  // namespace weir
