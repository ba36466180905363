// take: the first n items.
#pragma once

#include <cstdint>
#include <utility>

#include "weir/streams/stage.h"

namespace weir::streams {

/// Completes with the n-th item and cancels the upstream; take(0) completes at once.
struct TakeSpec {
  using IsStageSpec = void;
  template <typename In>
  using Out = In;

  template <typename In, typename Down>
  struct Stage : EndingStage<Down> {
    uint64_t left;
    void on_subscribe(std::shared_ptr<Subscription> subscription) noexcept {
      this->ended = left == 0;
      EndingStage<Down>::on_subscribe(std::move(subscription));
      if (left == 0) this->finish();
    }
    bool try_next(In item) noexcept {
      if (this->ended) return true;
      const bool used = this->down.try_next(std::move(item));
      if (--left == 0 && !this->ended) this->finish();
      return used;
    }
  };

  template <typename In, typename Down>
  auto stage(Down down) const {
    return Stage<In, Down>{{std::move(down)}, count};
  }

  uint64_t count;
};

inline TakeSpec take(uint64_t count) {
  return {count};
}

}  // namespace weir::streams
