// filter: only the items that a predicate likes.
#pragma once

#include <type_traits>
#include <utility>

#include "weir/streams/stage.h"

namespace weir::streams {

/// A dropped item uses up no demand: the burst protocol tells the publisher so, and a publisher
/// that does not speak it is asked for one more.
template <typename P>
struct FilterSpec : SameItemSpec {
  template <typename In, typename Down>
  struct Sure : StageBase<Down> {
    P keep;
    bool try_next(In item) noexcept {
      return keep(std::as_const(item)) ? this->down.try_next(std::move(item)) : false;
    }
  };
  template <typename In, typename Down>
  struct Fallible : FallibleStage<Down> {
    P keep;
    bool try_next(In item) noexcept {
      if (this->ended) return true;
      const auto liked =
          guarded<bool>(*this, [&] { return static_cast<bool>(keep(std::as_const(item))); });
      if (!liked) return true;
      return *liked ? this->down.try_next(std::move(item)) : false;
    }
  };

  template <typename In, typename Down>
  auto stage(Down down) const {
    if constexpr (std::is_nothrow_invocable_v<P&, const In&>) {
      return Sure<In, Down>{{std::move(down)}, keep};
    } else {
      return Fallible<In, Down>{{std::move(down)}, keep};
    }
  }

  P keep;
};

template <typename P>
FilterSpec<P> filter(P keep) {
  return {{}, std::move(keep)};
}

}  // namespace weir::streams
