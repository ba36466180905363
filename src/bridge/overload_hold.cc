#include "bridge/overload_hold.h"

#include <algorithm>

namespace weir::bridge {

void OverloadHold::refused(Duration retry_after, Instant sent_at, Instant now, Rng& rng) noexcept {
  if (testing() && sent_at < since_) return;
  ++refused_;
  if (!testing()) return;
  Duration pause = options_.pause_base;
  for (int i = options_.streak; i < refused_ && pause < options_.pause_max; ++i) pause *= 2;
  pause = std::min(pause, options_.pause_max);
  // Between half and all of it, so that many bridges do not come back as one.
  pause -= Duration(static_cast<int64_t>(rng.below(static_cast<uint64_t>(pause.count() / 2 + 1))));
  since_ = now;
  until_ = now + std::max(pause, std::min(retry_after, options_.retry_after_max));
}

}  // namespace weir::bridge
