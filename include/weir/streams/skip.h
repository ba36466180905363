// skip: all but the first n items.
#pragma once

#include <cstdint>
#include <utility>

#include "weir/streams/stage.h"

namespace weir::streams {

/// Skipped items use up no demand, as with filter.
struct SkipSpec : SameItemSpec {
  template <typename In, typename Down>
  struct Stage : StageBase<Down> {
    uint64_t left;
    bool try_next(In item) noexcept {
      if (left != 0) {
        --left;
        return false;
      }
      return this->down.try_next(std::move(item));
    }
  };

  template <typename In, typename Down>
  auto stage(Down down) const {
    return Stage<In, Down>{{std::move(down)}, count};
  }

  uint64_t count;
};

inline SkipSpec skip(uint64_t count) {
  return {{}, count};
}

}  // namespace weir::streams
