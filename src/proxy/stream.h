// The seam between an exchange and the two protocols it joins. HTTP/1 implements it with
// connections, HTTP/2 with streams of a connection.
//
// Bodies move by push with acceptance: who has bytes offers them, the other side says how many it
// took (written or buffered, within its bound), and asks for the rest by resume_body() when it
// drains. No side reads from its socket what the other would not take.
#pragma once

#include <string_view>

#include "http/message.h"
#include "proxy/answer.h"

namespace weir::proxy {

/// What an exchange adds to or takes from a head that it passes on.
struct ForwardNotes {
  std::string_view request_id;
  std::string_view extra_lines;  ///< complete header lines
  http::HeaderSet drop;
};

/// The caller's side of one exchange. Not thread-safe; nothing may be sent after send_end,
/// send_answer or abort.
class DownstreamStream {
 public:
  /// Tells a caller that waits for it to send the body (100).
  virtual void send_continue() = 0;
  virtual void send_head(const http::ResponseHead& head, const ForwardNotes& notes) = 0;
  virtual size_t send_body(std::string_view payload) = 0;
  virtual void send_trailer(const http::HeaderView& field) = 0;
  virtual void send_end() = 0;
  /// A whole response of weir's own, in place of all the above.
  virtual void send_answer(const Answer& answer, std::string_view request_id) = 0;
  /// Hands what was sent to the kernel.
  virtual void flush() = 0;
  /// The upstream takes request body again.
  virtual void resume_body() = 0;
  /// After the head of a 101: what follows in both directions is not HTTP, and ends with the
  /// connection. The caller's bytes come as request body from now on.
  virtual void begin_tunnel() = 0;
  /// The response cannot be completed: let the caller see that.
  virtual void abort() = 0;

 protected:
  ~DownstreamStream() = default;
};

/// The upstream's side of one exchange. Not thread-safe.
class UpstreamStream {
 public:
  virtual void send_head(const http::RequestHead& head, const ForwardNotes& notes) = 0;
  virtual size_t send_body(std::string_view payload) = 0;
  virtual void send_trailer(const http::HeaderView& field) = 0;
  virtual void send_end() = 0;
  virtual void flush() = 0;
  /// The caller takes response body again.
  virtual void resume_body() = 0;
  /// Nobody wants the answer any more: ends the work as well as the protocol can. The exchange
  /// hears nothing of this stream afterwards.
  virtual void cancel() = 0;

 protected:
  ~UpstreamStream() = default;
};

}  // namespace weir::proxy
