#include "http/h2_nghttp2.h"

#include <nghttp2/nghttp2.h>

#include <array>

#include "http/h2_stream.h"

namespace weir::http {
namespace {

// Answers to PING and SETTINGS that may pile up (nghttp2's default is 1000): a little more than the
// budgets of H2FloodLimits let through at once, so that those tell first.
constexpr size_t kQueuedAcksMax = 250;

std::string_view text(const uint8_t* data, size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

// nghttp2 calls these; each hands over to the session that owns it.
struct H2Callbacks {
  static H2Session& session(void* owner) noexcept { return *static_cast<H2Session*>(owner); }

  // What a callback returns: once the session has to end, nghttp2 shall read no further byte.
  static int verdict(const H2Session& self) noexcept {
    return self.end_code_ == NGHTTP2_NO_ERROR ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* owner) {
    H2Session& self = session(owner);
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      self.adopt(self.make_stream(), frame->hd.stream_id);
    }
    H2Session::Stream* stream = self.find(frame->hd.stream_id);
    if (stream != nullptr && !stream->head_done) self.begin_head(*stream);
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                    void* owner) {
    H2Session& self = session(owner);
    H2Session::Stream* stream = self.find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    self.on_field(*stream, text(name, name_size), text(value, value_size));
    if (verdict(self) != 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
    return stream->refused ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
  }

  // nghttp2 would skip such a field silently; a field that one server skips and another reads is
  // what smuggling is made of.
  static int invalid_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t*, size_t,
                            const uint8_t*, size_t, uint8_t, void* owner) {
    H2Session& self = session(owner);
    H2Session::Stream* stream = self.find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (!stream->refused) self.refuse(*stream, H2Fault::kBadField);
    return verdict(self) != 0 ? NGHTTP2_ERR_CALLBACK_FAILURE
                              : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* owner) {
    H2Session& self = session(owner);
    const bool end_stream = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      H2Session::Stream* stream = self.find(frame->hd.stream_id);
      if (stream != nullptr) self.on_section_end(*stream, end_stream);
    } else if (frame->hd.type == NGHTTP2_DATA) {
      self.on_data_end(frame->hd.stream_id, frame->hd.length - frame->data.padlen, end_stream);
    } else if (frame->hd.type == NGHTTP2_RST_STREAM) {
      self.on_peer_reset(frame->hd.stream_id);
    }
    return verdict(self);
  }

  static int data_received(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data,
                           size_t size, void* owner) {
    session(owner).on_data(stream, text(data, size));
    return 0;
  }

  static int invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* owner) {
    H2Session& self = session(owner);
    const bool refused = error == NGHTTP2_ERR_REFUSED_STREAM;
    // A refused stream was never opened, but its client does not know yet.
    if (refused) self.closed_.insert(frame->hd.stream_id, true);
    self.charge(refused ? H2Flood::kRefused : H2Flood::kForcedReset);
    return verdict(self);
  }

  static int stream_closed(nghttp2_session*, int32_t stream, uint32_t code, void* owner) {
    session(owner).on_close(stream, code);
    return 0;
  }

  static ssize_t send(nghttp2_session*, const uint8_t* data, size_t size, int, void* owner) {
    const size_t written = session(owner).write({data, size});
    return written == 0 ? ssize_t{NGHTTP2_ERR_WOULDBLOCK} : static_cast<ssize_t>(written);
  }

  static ssize_t read_body(nghttp2_session*, int32_t stream, uint8_t*, size_t size, uint32_t* flags,
                           nghttp2_data_source*, void* owner) {
    H2Session& self = session(owner);
    if (self.room() < H2Session::kSendBytesMin) return NGHTTP2_ERR_PAUSE;
    const H2BodyReady ready = self.prepare_body(stream, size);
    if (ready.size == 0 && !ready.end) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (ready.end) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (ready.end && ready.trailers) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return static_cast<ssize_t>(ready.size);
  }

  static int send_body(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t size,
                       nghttp2_data_source*, void* owner) {
    constexpr size_t kFrameHeaderBytes = 9;
    const bool written =
        session(owner).write_data(frame->hd.stream_id, {header, kFrameHeaderBytes}, size);
    return written ? 0 : NGHTTP2_ERR_WOULDBLOCK;
  }
};

namespace {

// One table for the process; nghttp2 copies it into each session.
nghttp2_session_callbacks* make_callbacks() {
  nghttp2_session_callbacks* table = nullptr;
  WEIR_ASSERT(nghttp2_session_callbacks_new(&table) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(table, H2Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(table, H2Callbacks::header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(table, H2Callbacks::invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(table, H2Callbacks::frame_received);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, H2Callbacks::data_received);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(table, H2Callbacks::invalid_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(table, H2Callbacks::stream_closed);
  nghttp2_session_callbacks_set_send_callback(table, H2Callbacks::send);
  nghttp2_session_callbacks_set_send_data_callback(table, H2Callbacks::send_body);
  return table;
}

nghttp2_option* make_option() {
  nghttp2_option* option = nullptr;
  WEIR_ASSERT(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, kQueuedAcksMax);
  // Our own budget counts resets, with the time that the host passes in; nghttp2's reads a clock.
  nghttp2_option_set_stream_reset_rate_limit(option, UINT64_MAX, UINT64_MAX);
  return option;
}

struct FieldArray {
  std::array<nghttp2_nv, H2FieldList::kFieldsMax> fields;
  size_t size;

  explicit FieldArray(const H2FieldList& list) noexcept : size(list.size()) {
    for (size_t i = 0; i < size; ++i) {
      fields[i] = {bytes(list[i].name), bytes(list[i].value), list[i].name.size(),
                   list[i].value.size(), NGHTTP2_NV_FLAG_NONE};
    }
  }

  // nghttp2 takes a pointer to non-const for the sake of older callers and does not write.
  static uint8_t* bytes(std::string_view text) noexcept {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  }
};

constexpr nghttp2_data_provider kBody = {{.ptr = nullptr}, H2Callbacks::read_body};

}  // namespace

nghttp2_session* make_nghttp2_session(bool is_server, H2Session* owner) {
  static const nghttp2_session_callbacks* const callbacks = make_callbacks();
  static const nghttp2_option* const option = make_option();
  nghttp2_session* session = nullptr;
  const int error = is_server ? nghttp2_session_server_new2(&session, callbacks, owner, option)
                              : nghttp2_session_client_new2(&session, callbacks, owner, option);
  WEIR_ASSERT(error == 0);
  return session;
}

void submit_h2_settings(nghttp2_session* session, const H2Limits& limits, bool is_server) {
  constexpr int32_t kStreamsMax = NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS;
  constexpr int32_t kPush = NGHTTP2_SETTINGS_ENABLE_PUSH;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head.list_bytes_max},
      {is_server ? kStreamsMax : kPush, is_server ? limits.streams_max : 0},
  };
  WEIR_ASSERT(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings)) ==
              0);
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits.connection_window));
}

int32_t submit_h2_request(nghttp2_session* session, const H2FieldList& fields, bool has_body) {
  const FieldArray array(fields);
  return nghttp2_submit_request(session, nullptr, array.fields.data(), array.size,
                                has_body ? &kBody : nullptr, nullptr);
}

void submit_h2_response(nghttp2_session* session, int32_t stream, const H2FieldList& fields,
                        bool has_body) {
  const FieldArray array(fields);
  nghttp2_submit_response(session, stream, array.fields.data(), array.size,
                          has_body ? &kBody : nullptr);
}

void submit_h2_interim(nghttp2_session* session, int32_t stream, const H2FieldList& fields) {
  const FieldArray array(fields);
  nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, stream, nullptr, array.fields.data(),
                         array.size, nullptr);
}

void submit_h2_trailers(nghttp2_session* session, int32_t stream, const H2FieldList& fields) {
  const FieldArray array(fields);
  nghttp2_submit_trailer(session, stream, array.fields.data(), array.size);
}

}  // namespace weir::http
