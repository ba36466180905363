// Stages: operators that neither queue nor change threads (map, filter, take, ...) are composed
// when the program is compiled, and run as one function between two virtual calls.
//
// A stage is a struct over the next stage `Down`, with
//   void on_subscribe(std::shared_ptr<Subscription>)   passes the subscription on; may keep a copy
//   bool try_next(Item)                                false: the item used up no demand
//   void on_error(StreamError), void on_complete(), void flush()
// It hands the subscription of its upstream to its downstream as it is, so that request and cancel
// cost nothing on the way up, and so that the publisher alone decides when the subscriber is let
// go.
#pragma once

#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weir/streams/publisher.h"

namespace weir::streams {

/// What most stages share: pass everything on.
template <typename Down>
struct StageBase {
  Down down;

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept { down.on_subscribe(std::move(up)); }
  void on_error(StreamError error) noexcept { down.on_error(std::move(error)); }
  void on_complete() noexcept { down.on_complete(); }
  void flush() noexcept { down.flush(); }
};

/// For stages that may fail. After fail() nothing passes (§1.7), and the upstream is cancelled.
template <typename Down>
struct FallibleStage {
  Down down;
  std::shared_ptr<Subscription> up{};
  bool ended = false;

  void on_subscribe(std::shared_ptr<Subscription> subscription) noexcept {
    up = subscription;
    down.on_subscribe(std::move(subscription));
  }
  void on_error(StreamError error) noexcept {
    if (!std::exchange(ended, true)) down.on_error(std::move(error));
    up.reset();
  }
  void on_complete() noexcept {
    if (!std::exchange(ended, true)) down.on_complete();
    up.reset();
  }
  void flush() noexcept {
    if (!ended) down.flush();
  }

  void fail(StreamError error) noexcept {
    ended = true;
    std::exchange(up, nullptr)->cancel();
    down.on_error(std::move(error));
  }
};

/// Calls a user's function. What it throws ends the stream as an error value (§2.13); functions
/// that are noexcept cost no check.
template <typename Result, typename Stage, typename Call>
std::optional<Result> guarded(Stage& stage, Call&& call) noexcept {
  try {
    return std::optional<Result>(call());
  } catch (...) {
    stage.fail(StreamError::current_exception());
    return std::nullopt;
  }
}

/// The last stage before a subscriber that is known only by its interface.
template <typename T>
struct ErasedSink {
  std::shared_ptr<Subscriber<T>> subscriber;

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept {
    subscriber->on_subscribe(std::move(up));
  }
  bool try_next(T item) noexcept { return subscriber->try_next(std::move(item)); }
  void on_error(StreamError error) noexcept { subscriber->on_error(std::move(error)); }
  void on_complete() noexcept { subscriber->on_complete(); }
  void flush() noexcept { subscriber->flush(); }
};

/// Stages as a subscriber to any publisher. Used by one thread at a time, as §1.3 has it.
template <typename T, typename Stage>
class StageSubscriber final : public Subscriber<T> {
 public:
  explicit StageSubscriber(Stage stage) : stage_(std::move(stage)) {}

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (accept_once(up_, up)) stage_.on_subscribe(std::move(up));
  }
  void on_next(T item) noexcept override {
    if (up_ == nullptr) return;
    if (stage_.try_next(std::move(item))) {
      stage_.flush();
    } else {
      up_->request(1);
    }
  }
  bool try_next(T item) noexcept override { return stage_.try_next(std::move(item)); }
  void flush() noexcept override { stage_.flush(); }
  void on_error(StreamError error) noexcept override {
    stage_.on_error(std::move(error));
    up_.reset();
  }
  void on_complete() noexcept override {
    stage_.on_complete();
    up_.reset();
  }

 private:
  Stage stage_;
  std::shared_ptr<Subscription> up_;
};

/// A recipe for a stage: `Out<In>` is the item it emits, `stage<In>(down)` builds it.
template <typename S>
concept StageSpec = requires { typename S::IsStageSpec; };

/// What recipes share whose stage emits the items that it gets.
struct SameItemSpec {
  using IsStageSpec = void;
  template <typename In>
  using Out = In;
};

/// The stages `specs` before `down`, first spec outermost.
template <typename In, typename Down>
auto compose(const std::tuple<>&, Down down) {
  return down;
}
template <typename In, typename First, typename... Rest, typename Down>
auto compose(const std::tuple<First, Rest...>& specs, Down down) {
  using Out = typename First::template Out<In>;
  const auto rest = std::apply(
      [](const First&, const Rest&... tail) { return std::tuple<Rest...>(tail...); }, specs);
  return std::get<0>(specs).template stage<In>(compose<Out>(rest, std::move(down)));
}

/// The item type after all stages.
template <typename In, typename... Specs>
struct StagesOut {
  using Type = In;
};
template <typename In, typename First, typename... Rest>
struct StagesOut<In, First, Rest...> : StagesOut<typename First::template Out<In>, Rest...> {};

}  // namespace weir::streams
