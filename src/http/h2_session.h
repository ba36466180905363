// HTTP/2 as a session that does no I/O: bytes in, events out, bytes out. nghttp2 frames and
// compresses; this adds the vocabulary of message.h, windows that open only as the host drains, and
// an early end to floods.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "http/h2_closed_streams.h"
#include "http/h2_fields.h"
#include "http/h2_flood.h"
#include "http/h2_head.h"
#include "weir/base/time.h"

struct nghttp2_session;

namespace weir::http {

/// Error codes of RFC 9113 §7 that hosts use.
enum class H2Code : uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kRefusedStream = 7,  ///< nothing was done; the caller may send it again
  kCancel = 8,
  kEnhanceYourCalm = 11,
};

/// Bounds of one connection.
struct H2Limits {
  uint32_t streams_max = 100;              ///< open at once (SETTINGS_MAX_CONCURRENT_STREAMS)
  uint32_t stream_window = 64 * 1024 - 1;  ///< bytes a stream may send before the host drains them
  uint32_t connection_window = 1024 * 1024;
  /// Undrained bytes of all streams together, beyond which the connection's window stays shut too.
  /// Below it a stream that is not drained never stalls its neighbours. Memory of a connection's
  /// bodies is at most this plus connection_window.
  uint32_t undrained_bytes_max = 1024 * 1024;
  H2HeadLimits head;
  H2FloodLimits floods;
};

/// What the host has to send on a stream right now.
struct H2BodyReady {
  size_t size = 0;        ///< bytes that copy_body() will give; at most what was asked for
  bool end = false;       ///< nothing follows these bytes
  bool trailers = false;  ///< with `end`: a trailer section follows, see outgoing_trailers()
};

/// The host's side of a session. Calls come from within receive() and send() only, so they may
/// submit, consume and reset, but not call those two again.
class H2Handler {
 public:
  virtual ~H2Handler() = default;

  /// Body bytes; valid during the call. The stream's window opens again by consume().
  virtual void on_body(int32_t stream, std::string_view payload) = 0;
  /// Stays valid until on_stream_closed().
  virtual void on_trailers(int32_t stream, const HeaderBlock& trailers) = 0;
  /// The peer will send nothing more on this stream.
  virtual void on_body_end(int32_t stream) = 0;
  /// The stream is gone, with H2Code::kNoError when both sides ended it. No call names it again.
  virtual void on_stream_closed(int32_t stream, uint32_t code) = 0;

  /// How much of the outgoing body is there, at most `max`. {0, false} defers: call resume() later.
  virtual H2BodyReady body_ready(int32_t stream, size_t max) = 0;
  /// Copies out the bytes just told by body_ready(), which count as sent.
  virtual void copy_body(int32_t stream, std::span<char> out) = 0;
  /// Fills the trailers that body_ready() announced.
  virtual void outgoing_trailers(int32_t stream, H2FieldList& fields) = 0;
};

class H2ServerHandler : public H2Handler {
 public:
  /// A request. `head` stays valid until on_stream_closed(); its body has the framing of head.body.
  virtual void on_request(int32_t stream, const RequestHead& head) = 0;
};

class H2ClientHandler : public H2Handler {
 public:
  /// A response, or an interim one (head.is_interim()). `head` is valid during the call.
  virtual void on_response(int32_t stream, const ResponseHead& head) = 0;
};

enum class H2Status : uint8_t {
  kOk,
  kFlood,   ///< see flood(); GOAWAY is queued: send what is left, then close
  kBroken,  ///< the peer broke the protocol; GOAWAY is queued: send what is left, then close
};

/// What client and server sessions share. Not thread-safe; not movable, since nghttp2 points back.
class H2Session {
 public:
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;
  virtual ~H2Session();

  /// Takes all of `bytes`. After anything but kOk, further input is ignored.
  H2Status receive(std::string_view bytes, Instant now);

  /// Fills `out` with what has to go out; how much of it was filled. 0: nothing to send for now.
  /// Give at least kSendBytesMin.
  size_t send(std::span<char> out);
  static constexpr size_t kSendBytesMin = 1024;

  bool wants_send() const noexcept;
  /// Nothing will be received or sent any more: close the connection.
  bool finished() const noexcept;

  /// The host has passed on `size` bytes of the stream's body: opens the windows by as much.
  void consume(int32_t stream, size_t size);
  /// More of the outgoing body is there after a deferral.
  void resume(int32_t stream);
  void reset(int32_t stream, H2Code code);

  /// Graceful end, first step: tells the peer to open no more streams, and still takes those that
  /// are on their way. Call finish_drain() a round trip later.
  void begin_drain();
  /// Second step: streams opened from now on are refused; finished() when the open ones are done.
  void finish_drain();

  /// A pointer of the host's own, kept with the stream; null until set, and for unknown streams.
  void set_user(int32_t stream, void* user) noexcept;
  void* user(int32_t stream) const noexcept;

  /// All that the host had to send on the stream went through send().
  bool end_sent(int32_t stream) const noexcept;
  /// Part of a frame or of a head has come, and the peer owes the rest.
  bool owed_input() const noexcept {
    return frame_left_ > 0 || frame_header_size_ > 0 || head_open_;
  }

  size_t streams_open() const noexcept { return streams_.size(); }
  size_t undrained_bytes() const noexcept { return undrained_; }
  /// The flood that ended the session, or kNone.
  H2Flood flood() const noexcept { return flood_; }
  /// Why the last stream was reset for its fields; for logs.
  H2Fault last_fault() const noexcept { return last_fault_; }

 protected:
  struct Stream;
  friend struct H2Callbacks;

  H2Session(const H2Limits& limits, H2Handler& handler, bool is_server, Instant now);

  virtual std::unique_ptr<Stream> make_stream() = 0;
  virtual H2Fault add_field(Stream& stream, std::string_view name, std::string_view value) = 0;
  /// The section is complete: checks it and tells the handler.
  virtual H2Fault finish_head(Stream& stream, bool end_stream) = 0;
  virtual void begin_head(Stream& stream) = 0;

  Stream* find(int32_t id) const noexcept;
  void adopt(std::unique_ptr<Stream> stream, int32_t id);

  const H2Limits limits_;
  nghttp2_session* session_ = nullptr;

 private:
  struct Trailers;

  void charge(H2Flood kind) noexcept;
  void refuse(Stream& stream, H2Fault fault);
  size_t take_part(std::string_view bytes);
  void begin_frame(const char* header) noexcept;
  void give(std::string_view bytes);
  void on_frame_begin(uint8_t type, uint8_t flags, int32_t id) noexcept;
  void on_frame_of_no_stream(uint8_t type, int32_t id) noexcept;
  void on_field(Stream& stream, std::string_view name, std::string_view value);
  void on_section_end(Stream& stream, bool end_stream);
  void on_data(int32_t id, std::string_view payload);
  void on_data_end(int32_t id, size_t payload_bytes, bool end_stream);
  void on_peer_reset(int32_t id) noexcept;
  void on_close(int32_t id, uint32_t code);
  void pay_connection(size_t size);
  H2BodyReady prepare_body(int32_t id, size_t max);
  bool write_data(int32_t id, std::span<const uint8_t> frame_header, size_t size);
  size_t write(std::span<const uint8_t> bytes) noexcept;
  size_t room() const noexcept { return out_.size() - out_used_; }

  H2Handler& handler_;
  H2FloodGuard guard_;
  const bool is_server_;
  std::array<char, 9> frame_header_;  // of a frame whose header is not complete
  size_t frame_header_size_ = 0;
  size_t frame_left_ = 0;   // payload bytes of the current frame, or of the client's preface
  bool head_open_ = false;  // CONTINUATION must follow
  int32_t opened_max_ = 0;  // the highest number a stream had
  H2ClosedStreams closed_;
  std::vector<std::unique_ptr<Stream>> streams_;  // ≤ streams_max
  std::span<char> out_;                           // during send() only
  size_t out_used_ = 0;
  size_t undrained_ = 0;
  size_t owed_ = 0;  // connection window held back until bodies drain
  Instant now_;
  H2Flood flood_ = H2Flood::kNone;
  H2Fault last_fault_ = H2Fault::kNone;
  H2Status status_ = H2Status::kOk;
  uint32_t end_code_ = 0;  // what GOAWAY will say; 0 while the session goes on
};

/// The server's end: requests come in, responses go out.
class H2ServerSession final : public H2Session {
 public:
  H2ServerSession(const H2Limits& limits, H2ServerHandler& handler, Instant now);

  /// Sends the head of the answer; its body comes by H2Handler::body_ready() when `has_body`.
  /// Nothing happens when the stream is gone.
  void respond(int32_t stream, const H2FieldList& fields, bool has_body);
  /// Sends an interim answer (1xx).
  void respond_interim(int32_t stream, const H2FieldList& fields);

 private:
  struct ServerStream;
  std::unique_ptr<Stream> make_stream() override;
  void begin_head(Stream& stream) override;
  H2Fault add_field(Stream& stream, std::string_view name, std::string_view value) override;
  H2Fault finish_head(Stream& stream, bool end_stream) override;

  H2ServerHandler& handler_;
};

/// The client's end: requests go out, responses come in.
class H2ClientSession final : public H2Session {
 public:
  H2ClientSession(const H2Limits& limits, H2ClientHandler& handler, Instant now);

  /// True when the server takes another stream now.
  bool can_request() const noexcept;
  /// Sends a request; its body comes by H2Handler::body_ready() when `has_body`. The new stream's
  /// number, or -1 when no stream can be opened on this connection any more.
  int32_t request(const H2FieldList& fields, Method method, bool has_body);

 private:
  struct ClientStream;
  std::unique_ptr<Stream> make_stream() override;
  void begin_head(Stream& stream) override;
  H2Fault add_field(Stream& stream, std::string_view name, std::string_view value) override;
  H2Fault finish_head(Stream& stream, bool end_stream) override;

  H2ClientHandler& handler_;
};

}  // namespace weir::http
