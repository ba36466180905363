// Expected<T, E>: a value or the reason why there is none. One alias, so that std::expected can
// replace it the day the project moves to C++23.
#pragma once

#include <tl/expected.hpp>

#include "weir/base/error.h"

namespace weir {

template <typename T, typename E = Error>
using Expected = tl::expected<T, E>;

template <typename E>
using Unexpected = tl::unexpected<E>;

}  // namespace weir
