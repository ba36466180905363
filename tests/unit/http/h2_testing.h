// Helpers for tests of HTTP/2 sessions: hosts that write down what they hear, a wire in memory, and
// frames made by hand.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string>

#include "http/h2_session.h"

namespace weir::http {

/// Writes down every event as one line, and serves outgoing bodies from strings.
template <typename Base>
class Recorder : public Base {
 public:
  struct Outgoing {
    std::string body;
    bool complete = true;
    std::string trailer;  ///< value of "grpc-status"; empty for none
  };

  std::string log;
  std::map<int32_t, std::string> received;
  std::map<int32_t, Outgoing> outgoing;

  void note(int32_t stream, const std::string& what) {
    log += std::to_string(stream) + " " + what + "\n";
  }

  void on_body(int32_t stream, std::string_view payload) override { received[stream] += payload; }
  void on_trailers(int32_t stream, const HeaderBlock& trailers) override {
    std::string text = "trailers";
    for (HeaderView field : trailers)
      text.append(" ").append(field.name).append("=").append(field.value);
    note(stream, text);
  }
  void on_body_end(int32_t stream) override { note(stream, "end"); }
  void on_stream_closed(int32_t stream, uint32_t code) override {
    note(stream, "closed " + std::to_string(code));
  }
  H2BodyReady body_ready(int32_t stream, size_t max) override {
    const Outgoing& out = outgoing[stream];
    const size_t size = std::min(max, out.body.size());
    return {size, out.complete && size == out.body.size(), !out.trailer.empty()};
  }
  void copy_body(int32_t stream, std::span<char> out) override {
    std::string& body = outgoing[stream].body;
    std::memcpy(out.data(), body.data(), out.size());
    body.erase(0, out.size());
  }
  void outgoing_trailers(int32_t stream, H2FieldList& fields) override {
    fields.add("Grpc-Status", outgoing[stream].trailer);
  }
};

class ServerRecorder : public Recorder<H2ServerHandler> {
 public:
  const RequestHead* last = nullptr;
  void on_request(int32_t stream, const RequestHead& head) override {
    last = &head;
    note(stream, "request " + std::string(head.method_text()) + " " + std::string(head.path()) +
                     " " + std::string(head.authority()));
  }
};

class ClientRecorder : public Recorder<H2ClientHandler> {
 public:
  std::string last_fields;
  void on_response(int32_t stream, const ResponseHead& head) override {
    note(stream, "response " + std::string(head.status_text()));
    last_fields.clear();
    for (HeaderView field : head.headers) {
      last_fields.append(field.name).append("=").append(field.value).append(";");
    }
  }
};

constexpr Instant at_ms(int64_t ms) {
  return Instant(std::chrono::milliseconds(ms));
}

/// Everything a session has to send now, through a buffer of `buffer` bytes.
inline std::string drain(H2Session& session, size_t buffer = 16 * 1024) {
  std::string all, chunk(buffer, '\0');
  for (int calls = 0; calls < 100'000; ++calls) {
    const size_t size = session.send({chunk.data(), chunk.size()});
    if (size == 0) return all;
    all.append(chunk, 0, size);
  }
  return all;
}

inline std::string frame(uint8_t type, uint8_t flags, int32_t stream, const std::string& payload) {
  std::string bytes;
  for (int shift : {16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0})
    bytes += static_cast<char>(static_cast<uint32_t>(stream) >> shift);
  return bytes + payload;
}

/// An HPACK literal that touches no table (RFC 7541 §6.2.2); name and value below 127 bytes.
inline std::string literal(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name +
         static_cast<char>(value.size()) + value;
}

namespace frame_type {
inline constexpr uint8_t kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4,
                         kPing = 6, kGoaway = 7, kWindowUpdate = 8, kContinuation = 9;
}
inline constexpr uint8_t kEndStream = 1, kEndHeaders = 4;

inline std::string preface() {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(frame_type::kSettings, 0, 0, "");
}

inline std::string get_fields(const std::string& authority = "a") {
  return literal(":method", "GET") + literal(":scheme", "http") + literal(":path", "/") +
         literal(":authority", authority);
}

/// The error code of the first frame of `type` in `bytes`, or -1.
inline int64_t code_of(const std::string& bytes, uint8_t type) {
  for (size_t at = 0; at + 9 <= bytes.size();) {
    const auto byte = [&bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
    const size_t size = size_t{byte(at)} << 16 | size_t{byte(at + 1)} << 8 | byte(at + 2);
    if (byte(at + 3) == type) {
      const size_t code = at + 9 + (type == frame_type::kGoaway ? 4 : 0);
      return int64_t{byte(code)} << 24 | byte(code + 1) << 16 | byte(code + 2) << 8 |
             byte(code + 3);
    }
    at += 9 + size;
  }
  return -1;
}

}  // namespace weir::http
