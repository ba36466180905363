// map: each item through a function.
#pragma once

#include <type_traits>
#include <utility>

#include "weir/streams/stage.h"

namespace weir::streams {

/// Emits fn(item). What `fn` throws cancels the upstream and becomes the flow's error.
template <typename F>
struct MapSpec {
  using IsStageSpec = void;
  template <typename In>
  using Out = std::decay_t<std::invoke_result_t<F&, In>>;

  template <typename In, typename Down>
  struct Sure : StageBase<Down> {
    F fn;
    bool try_next(In item) noexcept { return this->down.try_next(fn(std::move(item))); }
  };
  template <typename In, typename Down>
  struct Fallible : FallibleStage<Down> {
    F fn;
    bool try_next(In item) noexcept {
      if (this->ended) return true;
      auto out = guarded<Out<In>>(*this, [&] { return fn(std::move(item)); });
      return out ? this->down.try_next(std::move(*out)) : true;
    }
  };

  template <typename In, typename Down>
  auto stage(Down down) const {
    if constexpr (std::is_nothrow_invocable_v<F&, In>) {
      return Sure<In, Down>{{std::move(down)}, fn};
    } else {
      return Fallible<In, Down>{{std::move(down)}, fn};
    }
  }

  F fn;
};

template <typename F>
MapSpec<F> map(F fn) {
  return {std::move(fn)};
}

}  // namespace weir::streams
