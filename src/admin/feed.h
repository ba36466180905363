// Feed: an answer without an end, as server-sent events (WHATWG HTML, §9.2).
#pragma once

#include <string>
#include <string_view>

#include "weir/base/time.h"

namespace weir::admin {

/// Asked for what is new at its own pace, by the connection that carries it and only while that one
/// has sent everything before: a slow reader skips nothing that the source still remembers, and
/// holds no more memory than one pull gives.
class Feed {
 public:
  virtual ~Feed() = default;

  /// Appends whole events; nothing when there is nothing new.
  virtual void pull(std::string& out) = 0;

  /// How long to wait before the next pull.
  virtual Duration interval() const noexcept = 0;
};

/// Appends one event. An empty `id` or `name` is left out; `data` has no line breaks.
inline void append_event(std::string& out, std::string_view name, std::string_view id,
                         std::string_view data) {
  if (!name.empty()) out.append("event: ").append(name).append("\n");
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("data: ").append(data).append("\n\n");
}

}  // namespace weir::admin
