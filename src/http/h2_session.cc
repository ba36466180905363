#include "http/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>

#include "http/h2_nghttp2.h"
#include "http/h2_stream.h"

namespace weir::http {
namespace {

constexpr size_t kFrameHeaderBytes = 9;
constexpr size_t kClientMagicBytes = 24;

}  // namespace

H2Session::H2Session(const H2Limits& limits, H2Handler& handler, bool is_server, Instant now)
    : limits_(limits),
      handler_(handler),
      guard_(limits.floods, now),
      is_server_(is_server),
      now_(now) {
  frame_left_ = is_server ? kClientMagicBytes : 0;
  session_ = make_nghttp2_session(is_server, this);
  submit_h2_settings(session_, limits, is_server);
}

H2Session::~H2Session() {
  nghttp2_session_del(session_);
}

H2Status H2Session::receive(std::string_view bytes, Instant now) {
  if (status_ != H2Status::kOk) return status_;
  now_ = now;
  while (!bytes.empty() && end_code_ == NGHTTP2_NO_ERROR) bytes.remove_prefix(take_part(bytes));
  if (end_code_ != NGHTTP2_NO_ERROR) {
    status_ = flood_ == H2Flood::kNone ? H2Status::kBroken : H2Status::kFlood;
    nghttp2_session_terminate_session(session_, end_code_);
  }
  return status_;
}

// Frames are cut here, so that each header is judged before nghttp2 sees it: nghttp2 has no
// callback for frames that it ignores, and 1.52 counts the reads of a CONTINUATION header as
// frames.
size_t H2Session::take_part(std::string_view bytes) {
  if (frame_left_ > 0) {
    const size_t size = std::min(frame_left_, bytes.size());
    frame_left_ -= size;
    give(bytes.substr(0, size));
    return size;
  }
  if (frame_header_size_ == 0 && bytes.size() >= kFrameHeaderBytes) {
    begin_frame(bytes.data());
    const size_t size = std::min(kFrameHeaderBytes + frame_left_, bytes.size());
    frame_left_ -= size - kFrameHeaderBytes;
    give(bytes.substr(0, size));
    return size;
  }
  const size_t size = std::min(kFrameHeaderBytes - frame_header_size_, bytes.size());
  std::memcpy(frame_header_.data() + frame_header_size_, bytes.data(), size);
  frame_header_size_ += size;
  if (frame_header_size_ == kFrameHeaderBytes) {
    frame_header_size_ = 0;
    begin_frame(frame_header_.data());
    give({frame_header_.data(), kFrameHeaderBytes});
  }
  return size;
}

// RFC 9113 §4.1: 24 bits of length, type, flags, 31 bits of stream.
void H2Session::begin_frame(const char* header) noexcept {
  const auto byte = [header](size_t i) { return static_cast<uint32_t>(uint8_t(header[i])); };
  frame_left_ = byte(0) << 16 | byte(1) << 8 | byte(2);
  const uint32_t stream = (byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8)) & 0x7fffffff;
  on_frame_begin(uint8_t(header[3]), uint8_t(header[4]), static_cast<int32_t>(stream));
}

void H2Session::give(std::string_view bytes) {
  if (end_code_ != NGHTTP2_NO_ERROR) return;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const ssize_t taken = nghttp2_session_mem_recv(session_, data, bytes.size());
  if (taken >= 0 || end_code_ != NGHTTP2_NO_ERROR) return;
  const bool flooded = taken == NGHTTP2_ERR_FLOODED;  // its own bounds, on what is queued
  if (flooded) flood_ = H2Flood::kOtherFrame;
  end_code_ = flooded ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR;
}

size_t H2Session::send(std::span<char> out) {
  WEIR_ASSERT(out.size() >= kSendBytesMin);
  out_ = out;
  out_used_ = 0;
  if (nghttp2_session_send(session_) != 0 && status_ == H2Status::kOk) status_ = H2Status::kBroken;
  out_ = {};
  return out_used_;
}

bool H2Session::wants_send() const noexcept {
  return nghttp2_session_want_write(session_) != 0;
}

bool H2Session::finished() const noexcept {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

void H2Session::consume(int32_t id, size_t size) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  size = std::min(size, stream->undrained);
  stream->undrained -= size;
  undrained_ -= size;
  nghttp2_session_consume_stream(session_, id, size);
  pay_connection(size);
}

void H2Session::pay_connection(size_t size) {
  const size_t paid = std::min(owed_, size);
  owed_ -= paid;
  nghttp2_session_consume_connection(session_, paid);
}

void H2Session::resume(int32_t stream) {
  nghttp2_session_resume_data(session_, stream);
}

void H2Session::reset(int32_t id, H2Code code) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->refused) return;
  stream->refused = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<uint32_t>(code));
}

void H2Session::set_user(int32_t id, void* user) noexcept {
  if (Stream* stream = find(id)) stream->user = user;
}

void* H2Session::user(int32_t id) const noexcept {
  const Stream* stream = find(id);
  return stream == nullptr ? nullptr : stream->user;
}

bool H2Session::end_sent(int32_t id) const noexcept {
  return nghttp2_session_get_stream_local_close(session_, id) == 1;
}

void H2Session::begin_drain() {
  nghttp2_submit_shutdown_notice(session_);
}

void H2Session::finish_drain() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

H2Session::Stream* H2Session::find(int32_t id) const noexcept {
  void* known = nghttp2_session_get_stream_user_data(session_, id);
  if (known != nullptr) return static_cast<Stream*>(known);
  // A request that waits to be sent is no stream of nghttp2's yet.
  for (const auto& stream : streams_) {
    if (stream->id == id) return stream.get();
  }
  return nullptr;
}

void H2Session::adopt(std::unique_ptr<Stream> stream, int32_t id) {
  stream->id = id;
  stream->place = streams_.size();
  stream->opened_at = now_;
  nghttp2_session_set_stream_user_data(session_, id, stream.get());
  streams_.push_back(std::move(stream));
  opened_max_ = std::max(opened_max_, id);
  guard_.earn();
}

void H2Session::charge(H2Flood kind) noexcept {
  if (guard_.charge(kind, now_) || end_code_ != NGHTTP2_NO_ERROR) return;
  flood_ = kind;
  end_code_ = NGHTTP2_ENHANCE_YOUR_CALM;
}

void H2Session::refuse(Stream& stream, H2Fault fault) {
  const bool too_big = fault == H2Fault::kTooLarge || fault == H2Fault::kTooManyFields;
  last_fault_ = fault;
  charge(H2Flood::kForcedReset);
  reset(stream.id, too_big ? H2Code::kEnhanceYourCalm : H2Code::kProtocolError);
}

// nghttp2 ignores frames of streams that are gone, since it does not know how they went. RFC 9113
// §5.1 and §5.1.1 make them errors, except after our own reset.
void H2Session::on_frame_of_no_stream(uint8_t type, int32_t id) noexcept {
  const bool client_number = id % 2 == 1;
  if (!is_server_ || !client_number || id > opened_max_ || find(id) != nullptr) return;
  switch (closed_.find(id)) {
    case H2Closed::kByBoth: end_code_ = NGHTTP2_STREAM_CLOSED; break;
    case H2Closed::kNever:
      end_code_ = type == NGHTTP2_HEADERS ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED;
      break;
    case H2Closed::kByUs:
    case H2Closed::kUnknown: charge(H2Flood::kOtherFrame); break;
  }
}

void H2Session::on_frame_begin(uint8_t type, uint8_t flags, int32_t id) noexcept {
  const bool ack = (flags & NGHTTP2_FLAG_ACK) != 0;
  if (type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION)
    head_open_ = (flags & NGHTTP2_FLAG_END_HEADERS) == 0;
  switch (type) {
    case NGHTTP2_PING:
      if (!ack) charge(H2Flood::kPing);
      break;
    case NGHTTP2_SETTINGS:
      if (!ack) charge(H2Flood::kSettings);
      break;
    case NGHTTP2_PRIORITY: charge(H2Flood::kPriority); break;
    case NGHTTP2_WINDOW_UPDATE: charge(H2Flood::kWindowUpdate); break;
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS: on_frame_of_no_stream(type, id); break;
    case NGHTTP2_RST_STREAM: break;  // counted by what it does
    case NGHTTP2_CONTINUATION: charge(H2Flood::kContinuation); break;
    default: charge(H2Flood::kOtherFrame); break;  // the wire may carry any number
  }
}

void H2Session::on_field(Stream& stream, std::string_view name, std::string_view value) {
  if (stream.refused) return;
  H2Fault fault = H2Fault::kNone;
  if (!stream.head_done) {
    fault = add_field(stream, name, value);
  } else if (!name.empty() && name.front() == ':') {
    fault = H2Fault::kBadField;
  } else {
    if (stream.trailers == nullptr) stream.trailers = std::make_unique<Trailers>();
    fault = stream.trailers->fields.add_field(name, value, limits_.head, stream.trailers->block);
  }
  if (fault != H2Fault::kNone) refuse(stream, fault);
}

void H2Session::on_section_end(Stream& stream, bool end_stream) {
  if (stream.refused) return;
  H2Fault fault = H2Fault::kNone;
  if (!stream.head_done) {
    fault = finish_head(stream, end_stream);
  } else if (stream.trailers != nullptr) {
    fault = stream.trailers->fields.finish(stream.trailers->block);
    if (fault == H2Fault::kNone) handler_.on_trailers(stream.id, stream.trailers->block);
  }
  if (fault != H2Fault::kNone) refuse(stream, fault);
  if (end_stream && !stream.refused) handler_.on_body_end(stream.id);
}

void H2Session::on_data(int32_t id, std::string_view payload) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->refused) {
    nghttp2_session_consume_connection(session_, payload.size());
    return;
  }
  stream->undrained += payload.size();
  undrained_ += payload.size();
  if (undrained_ <= limits_.undrained_bytes_max) {
    nghttp2_session_consume_connection(session_, payload.size());
  } else {
    owed_ += payload.size();
  }
  handler_.on_body(id, payload);
}

void H2Session::on_data_end(int32_t id, size_t payload_bytes, bool end_stream) {
  if (payload_bytes != 0) {
    guard_.earn();
  } else if (!end_stream) {
    charge(H2Flood::kEmptyData);
  }
  const Stream* stream = find(id);
  if (end_stream && stream != nullptr && !stream->refused) handler_.on_body_end(id);
}

void H2Session::on_peer_reset(int32_t id) noexcept {
  Stream* stream = find(id);
  if (stream == nullptr) return charge(H2Flood::kOtherFrame);
  stream->peer_reset = true;
  // A caller that stops sending a body once it has our refusal is honest, and overload makes many.
  const bool answered = end_sent(id);
  const bool young = now_ - stream->opened_at < limits_.floods.rapid_reset_age;
  if (young && !answered) charge(H2Flood::kRapidReset);
}

void H2Session::on_close(int32_t id, uint32_t code) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  undrained_ -= stream->undrained;
  pay_connection(stream->undrained);
  closed_.insert(id, stream->refused || (!stream->peer_reset && code != NGHTTP2_NO_ERROR));
  const size_t place = stream->place;
  const bool announced = stream->announced;
  nghttp2_session_set_stream_user_data(session_, id, nullptr);
  // The handler is told first: until then it may look at the head it was given.
  if (announced) handler_.on_stream_closed(id, code);
  std::swap(streams_[place], streams_.back());
  streams_[place]->place = place;
  streams_.pop_back();
}

H2BodyReady H2Session::prepare_body(int32_t id, size_t max) {
  const H2BodyReady ready = handler_.body_ready(id, std::min(max, room() - kFrameHeaderBytes));
  if (!ready.end || !ready.trailers) return ready;
  H2FieldList fields;
  handler_.outgoing_trailers(id, fields);
  submit_h2_trailers(session_, id, fields);
  return ready;
}

bool H2Session::write_data(int32_t id, std::span<const uint8_t> frame_header, size_t size) {
  if (room() < frame_header.size() + size) return false;
  write(frame_header);
  if (size != 0) {
    handler_.copy_body(id, out_.subspan(out_used_, size));
    out_used_ += size;
    guard_.earn();
  }
  return true;
}

size_t H2Session::write(std::span<const uint8_t> bytes) noexcept {
  const size_t size = std::min(bytes.size(), room());
  std::memcpy(out_.data() + out_used_, bytes.data(), size);
  out_used_ += size;
  return size;
}

}  // namespace weir::http
