// multicast and share: one subscription upstream for many subscribers.
#pragma once

#include <memory>
#include <utility>

#include "weir/streams/multicast.h"
#include "weir/streams/shared_slot.h"

namespace weir::streams {

/// Subscribes to the source at once and returns a flow for many subscribers (see Multicast). The
/// buffer waits for the first of them; after that, who joins late sees what is still buffered and
/// what comes.
inline auto multicast(MulticastOptions options = {}) {
  return [options]<FlowLike P>(P source) {
    using T = typename P::Item;
    auto hub = Multicast<T>::make(options);
    source.subscribe(hub);
    return Flow<T>(std::static_pointer_cast<Publisher<T>>(hub));
  };
}

namespace detail {

template <typename P>
class Share final : public Publisher<typename P::Item> {
 public:
  using T = typename P::Item;
  Share(P source, MulticastOptions options) : source_(std::move(source)), options_(options) {
    options_.cancel_when_unused = true;
  }

  void subscribe(std::shared_ptr<Subscriber<T>> subscriber) override {
    auto hub = hub_.load();
    if (hub != nullptr && !hub->ended()) return hub->subscribe(std::move(subscriber));
    auto fresh = Multicast<T>::make(options_);
    if (!hub_.replace(hub, fresh)) {
      return hub->subscribe(std::move(subscriber));  // another thread was faster
    }
    fresh->subscribe(std::move(subscriber));
    source_.subscribe(fresh);
  }

 private:
  const P source_;
  MulticastOptions options_;
  SharedSlot<std::shared_ptr<Multicast<T>>> hub_;
};

}  // namespace detail

/// Subscribes to the source when the first subscriber comes, shares that subscription, and cancels
/// it when the last has left; then the next one begins anew. Who comes in the very moment in which
/// the last leaves may get on_complete at once.
inline auto share(MulticastOptions options = {}) {
  return [options]<FlowLike P>(P source) {
    using T = typename P::Item;
    return Flow<T>(std::shared_ptr<Publisher<T>>(
        std::make_shared<detail::Share<P>>(std::move(source), options)));
  };
}

}  // namespace weir::streams
