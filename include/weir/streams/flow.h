// Flow and Chain: publishers as values, and the pipe that puts operators behind them.
//
//   range(0, 1'000'000) | map(parse) | filter(valid) | publish_on(pool, {.items = 256}) |
//   for_each(store)
#pragma once

#include <concepts>
#include <memory>
#include <tuple>
#include <utility>

#include "weir/base/assert.h"
#include "weir/streams/publisher.h"
#include "weir/streams/pull.h"
#include "weir/streams/stage.h"

namespace weir::streams {

/// Anything that has an item type and can be subscribed to.
template <typename P>
concept FlowLike =
    requires(const P& flow, std::shared_ptr<Subscriber<typename P::Item>> subscriber) {
      flow.subscribe(std::move(subscriber));
    };

/// A publisher whose operators are hidden behind the interface: a shared, copyable handle, as
/// thread-safe as the publisher. Use it for parameters, members and results; leave chains as `auto`
/// where speed counts.
template <typename T>
class Flow {
 public:
  using Item = T;
  explicit Flow(std::shared_ptr<Publisher<T>> publisher) noexcept
      : publisher_(std::move(publisher)) {
    WEIR_ASSERT(publisher_ != nullptr);
  }

  template <FlowLike P>
    requires(std::same_as<typename P::Item, T> && !std::same_as<P, Flow<T>>)
  Flow(P flow)  // NOLINT(google-explicit-constructor): a chain is a flow
      : publisher_(std::make_shared<Erased<P>>(std::move(flow))) {}

  void subscribe(std::shared_ptr<Subscriber<T>> subscriber) const {
    WEIR_ASSERT(subscriber != nullptr);  // §1.9
    publisher_->subscribe(std::move(subscriber));
  }

  const std::shared_ptr<Publisher<T>>& publisher() const noexcept { return publisher_; }

 private:
  template <typename P>
  class Erased final : public Publisher<T> {
   public:
    explicit Erased(P flow) : flow_(std::move(flow)) {}
    void subscribe(std::shared_ptr<Subscriber<T>> subscriber) override {
      flow_.subscribe(std::move(subscriber));
    }

   private:
    P flow_;
  };

  std::shared_ptr<Publisher<T>> publisher_;
};

template <FlowLike P>
Flow(P) -> Flow<typename P::Item>;

/// A pull source or a flow, with stages behind it: a value that knows all their types. Copyable
/// when they are; each subscription runs a copy of its own.
template <typename Head, typename... Specs>
class Chain {
 public:
  using Item = typename StagesOut<typename Head::Item, Specs...>::Type;

  explicit Chain(Head head, std::tuple<Specs...> specs = {})
      : head_(std::move(head)), specs_(std::move(specs)) {}

  void subscribe(std::shared_ptr<Subscriber<Item>> subscriber) const {
    WEIR_ASSERT(subscriber != nullptr);  // §1.9
    run(ErasedSink<Item>{std::move(subscriber)});
  }

  /// Subscribes a last stage whose type is known: no virtual call an item up to the nearest queue.
  template <typename Sink>
  void run(Sink sink) const {
    using In = typename Head::Item;
    auto stage = compose<In>(specs_, std::move(sink));
    using Stage = decltype(stage);
    if constexpr (PullSource<Head>) {
      std::make_shared<PullSubscription<Head, Stage>>(head_, std::move(stage))->start();
    } else {
      head_.subscribe(std::make_shared<StageSubscriber<In, Stage>>(std::move(stage)));
    }
  }

  template <StageSpec Spec>
  auto with(Spec spec) const {
    return Chain<Head, Specs..., Spec>(head_,
                                       std::tuple_cat(specs_, std::tuple<Spec>(std::move(spec))));
  }

 private:
  Head head_;
  std::tuple<Specs...> specs_;
};

namespace detail {
template <typename P>
struct IsChain : std::false_type {};
template <typename Head, typename... Specs>
struct IsChain<Chain<Head, Specs...>> : std::true_type {};
}  // namespace detail

/// flow | stage: the chain grows by one stage.
template <FlowLike P, StageSpec Spec>
auto operator|(P flow, Spec spec) {
  if constexpr (detail::IsChain<P>::value) {
    return flow.with(std::move(spec));
  } else {
    return Chain<P>(std::move(flow)).with(std::move(spec));
  }
}

/// flow | operator: anything callable with a flow, for operators with queues, threads or many
/// sources, and for sinks.
template <FlowLike P, typename Op>
  requires(!StageSpec<Op> && std::invocable<Op, P>)
decltype(auto) operator|(P flow, Op op) {
  return std::move(op)(std::move(flow));
}

/// A flow made of the function that subscribes; what operators with a state of their own return.
template <typename T, typename F>
struct LiftedFlow {
  using Item = T;
  F subscribe_fn;

  void subscribe(std::shared_ptr<Subscriber<T>> subscriber) const {
    WEIR_ASSERT(subscriber != nullptr);  // §1.9
    subscribe_fn(std::move(subscriber));
  }
};

template <typename T, typename F>
LiftedFlow<T, F> lift(F subscribe_fn) {
  return {std::move(subscribe_fn)};
}

/// Subscribes `sink`, a last stage, to any flow.
template <FlowLike P, typename Sink>
void run_with(const P& flow, Sink sink) {
  if constexpr (detail::IsChain<P>::value) {
    flow.run(std::move(sink));
  } else {
    Chain<P>(flow).run(std::move(sink));
  }
}

}  // namespace weir::streams
