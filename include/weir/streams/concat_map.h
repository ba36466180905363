// concat_map and concat: one flow after another.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "weir/streams/flat_map.h"
#include "weir/streams/source.h"

namespace weir::streams {

/// Like flat_map with one inner flow at a time: the next is subscribed to when the one before it
/// has completed, so all items keep their order.
template <typename F>
auto concat_map(F fn, uint64_t prefetch = 32) {
  return flat_map(std::move(fn), {.concurrency = 1, .prefetch = prefetch});
}

/// All items of the first flow, then all of the second, and so on.
template <typename T>
auto concat(std::vector<Flow<T>> flows) {
  return from(std::move(flows)) | concat_map([](Flow<T> flow) noexcept { return flow; });
}
template <FlowLike First, FlowLike... Rest>
auto concat(First first, Rest... rest) {
  using T = typename First::Item;
  return concat(std::vector<Flow<T>>{Flow<T>(std::move(first)), Flow<T>(std::move(rest))...});
}

}  // namespace weir::streams
