// The outgoing half of an HTTP/2 stream: body bytes and trailers that wait for the peer's windows.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "http/h1_body.h"
#include "http/h2_session.h"
#include "net/slab_ring.h"

namespace weir::proxy {

/// Takes kBytesMax beyond what the peer's windows let through, then says so. Not thread-safe.
class H2Outgoing {
 public:
  static constexpr size_t kBytesMax = 32 * 1024;
  // Below it, whoever was told to stop is asked for more.
  static constexpr size_t kBytesLow = 16 * 1024;
  static constexpr size_t kTrailerBytesMax = 64 * 1024;

  explicit H2Outgoing(net::SlabPool& slabs) noexcept : bytes_(slabs) {}

  /// How much was taken. The rest may be offered once refilled() says so.
  size_t offer(std::string_view payload) {
    const size_t room = kBytesMax - std::min(bytes_.size(), kBytesMax);
    const size_t taken = bytes_.append(payload.substr(0, room));
    if (taken < payload.size()) full_ = true;
    return taken;
  }
  /// False when trailers grow beyond their bound; then the message must not look whole.
  bool add_trailer(const http::HeaderView& field) {
    if (http::is_forbidden_trailer(field.id)) return true;
    if (trailers_.size() + field.name.size() + field.value.size() + 4 > kTrailerBytesMax)
      return false;
    trailers_.append(field.name).append(": ").append(field.value).append("\r\n");
    return true;
  }
  void end() noexcept { ended_ = true; }
  void release() noexcept { bytes_.release(); }

  size_t size() const noexcept { return bytes_.size(); }
  /// Something was refused before.
  bool full() const noexcept { return full_; }
  /// True once when there is room again after something was refused.
  bool refilled() noexcept {
    return full_ && bytes_.size() <= kBytesLow && std::exchange(full_, false);
  }
  /// True once when the session waits for H2Session::resume().
  bool take_starved() noexcept { return std::exchange(starved_, false); }

  // What the session asks; see H2Handler.
  http::H2BodyReady ready(size_t max) noexcept {
    http::H2BodyReady ready;
    ready.size = std::min(max, bytes_.size());
    ready.end = ended_ && ready.size == bytes_.size();
    ready.trailers = ready.end && !trailers_.empty();
    starved_ = ready.size == 0 && !ready.end;
    return ready;
  }
  void copy(std::span<char> out) noexcept { bytes_.take(out); }
  void list_trailers(http::H2FieldList& fields) const noexcept {
    http::add_lines(trailers_, fields);
  }

 private:
  net::SlabRing bytes_;
  std::string trailers_;  // complete lines
  bool ended_ = false;
  bool full_ = false;
  bool starved_ = false;
};

}  // namespace weir::proxy
