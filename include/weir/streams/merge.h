// merge: the items of several flows as they come.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "weir/streams/flat_map.h"
#include "weir/streams/source.h"

namespace weir::streams {

/// Subscribes to all flows at once, and asks each for `prefetch` items ahead. Completes when all
/// have, fails when one does.
template <typename T>
auto merge(std::vector<Flow<T>> flows, uint64_t prefetch = 32) {
  const FlatMapOptions options{.concurrency = std::max<uint64_t>(1, flows.size()),
                               .prefetch = prefetch};
  return from(std::move(flows)) | flat_map([](Flow<T> flow) noexcept { return flow; }, options);
}
template <FlowLike First, FlowLike... Rest>
auto merge(First first, Rest... rest) {
  using T = typename First::Item;
  return merge(std::vector<Flow<T>>{Flow<T>(std::move(first)), Flow<T>(std::move(rest))...});
}

}  // namespace weir::streams
