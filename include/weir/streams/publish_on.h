// publish_on: signals go on on another thread.
#pragma once

#include <memory>
#include <utility>

#include "weir/streams/flow.h"
#include "weir/streams/queue_stage.h"

namespace weir::streams {

struct PublishOnOptions {
  uint64_t items = 256;         ///< prefetched and buffered, at most
  uint64_t bytes = kUnbounded;  ///< the same in bytes, exceeded by one item at most
};

/// Hands every signal over to a worker of `scheduler`, through a bounded buffer that is refilled
/// when three quarters of it are used. The upstream keeps its thread, the downstream gets the
/// worker's. The scheduler must outlive the flow's subscriptions.
inline auto publish_on(Scheduler& scheduler, PublishOnOptions options = {}) {
  return [&scheduler, options]<FlowLike P>(P source) {
    using T = typename P::Item;
    return lift<T>([source = std::move(source), &scheduler, options](auto down) {
      const QueueOptions queue{.items = options.items, .bytes = options.bytes};
      source.subscribe(std::make_shared<QueueStage<T>>(std::move(down), scheduler.worker(), queue));
    });
  };
}

}  // namespace weir::streams
