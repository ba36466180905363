#include "proxy/replay_buffer.h"

#include <algorithm>

namespace weir::proxy {

void ReplayBuffer::keep_head(http::RequestHead& request) {
  const http::HeaderBlock& headers = request.headers;
  const char* base = headers.text({0, 0}).data();
  const std::string_view lines = headers.lines(0, headers.size());
  size_t size = lines.empty() ? 0 : static_cast<size_t>(lines.data() + lines.size() - base);
  for (const http::Slice slice :
       {request.method_slice, request.target_slice, request.path_slice, request.authority_slice})
    size = std::max(size, size_t{slice.begin} + slice.size);
  head_.assign(base, size);
  body_.clear();
  request.headers.rebase(head_.data());
  keeping_ = true;
}

void ReplayBuffer::keep_body(std::string_view payload, size_t bytes_max) {
  if (!keeping_) return;
  if (body_.size() + payload.size() > bytes_max) return give_up();
  body_.append(payload);
}

void ReplayBuffer::give_up() noexcept {
  keeping_ = false;
  body_.clear();
}

void ReplayBuffer::reset() noexcept {
  keeping_ = false;
  body_.clear();
  if (body_.capacity() > kIdleBytesMax) body_.shrink_to_fit();
  if (head_.capacity() > kIdleBytesMax) head_ = {};
}

}  // namespace weir::proxy
