// A server's HTTP/2 session against any bytes: the events do not depend on how the bytes are cut,
// every stream that was announced ends or stays open, accepted requests hold the smuggling
// invariant, and byte accounts never go wrong.
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fuzz/forwarded_check.h"
#include "fuzz/pieces.h"
#include "http/h2_session.h"

namespace weir::http {
namespace {

// Answers every request at once and drains bodies at half speed.
class Host final : public H2ServerHandler {
 public:
  H2ServerSession* session = nullptr;
  std::string log;
  std::set<int32_t> open;

  void on_request(int32_t stream, const RequestHead& head) override {
    WEIR_ASSERT(open.insert(stream).second);
    note(stream, std::string(head.method_text()) + std::string(head.path()));
    constexpr size_t kListMax = 200 * 1024;
    if (head.method != Method::kConnect) fuzz::check_forwarded(head, kListMax);
    H2FieldList fields;
    fields.add_status(200);
    session->respond(stream, fields, true);
  }
  void on_body(int32_t stream, std::string_view payload) override {
    WEIR_ASSERT(open.contains(stream));
    received_[stream] += payload.size();
    session->consume(stream, payload.size() / 2);
  }
  void on_trailers(int32_t stream, const HeaderBlock& trailers) override {
    WEIR_ASSERT(open.contains(stream));
    note(stream, "trailers " + std::to_string(trailers.size()));
  }
  void on_body_end(int32_t stream) override {
    WEIR_ASSERT(open.contains(stream));
    note(stream, "end " + std::to_string(received_[stream]));
  }
  void on_stream_closed(int32_t stream, uint32_t) override { WEIR_ASSERT(open.erase(stream) == 1); }
  H2BodyReady body_ready(int32_t, size_t max) override {
    constexpr size_t kBodyBytes = 10;
    return {std::min(max, kBodyBytes), true, false};
  }
  void copy_body(int32_t, std::span<char> out) override {
    std::memset(out.data(), 'b', out.size());
  }
  void outgoing_trailers(int32_t, H2FieldList&) override { WEIR_ASSERT(false); }

  void note(int32_t stream, const std::string& what) {
    log += std::to_string(stream) + what + "\n";
  }

 private:
  // Of streams that end only: a body longer than its content-length is refused where it is cut.
  std::map<int32_t, size_t> received_;
};

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Nothing is sent before all was received, so that the cut cannot change what the peer has seen.
std::string run(std::string_view bytes, const std::vector<size_t>& ends) {
  constexpr Instant kNow(std::chrono::seconds(1));
  Host host;
  H2ServerSession session(H2Limits{}, host, kNow);
  host.session = &session;
  session.receive(kPreface, kNow);
  size_t at = 0;
  for (size_t end : ends) {
    const fuzz::ExactCopy piece(bytes.substr(at, end - at));
    at = end;
    if (session.receive(piece.view(), kNow) != H2Status::kOk) break;
  }
  WEIR_ASSERT(session.streams_open() >= host.open.size());
  const std::string summary = host.log;
  std::vector<char> out(H2Session::kSendBytesMin + bytes.size() % 5000);
  constexpr int kSendsMax = 10'000;
  int sends = 0;
  while (session.send({out.data(), out.size()}) != 0) WEIR_ASSERT(++sends < kSendsMax);
  WEIR_ASSERT(!session.wants_send() || session.streams_open() > 0);
  return summary;
}

}  // namespace
}  // namespace weir::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  weir::Rng rng(weir::fuzz::seed_of(bytes));
  const std::string whole = weir::http::run(bytes, {size});
  WEIR_ASSERT(weir::http::run(bytes, weir::fuzz::random_ends(size, rng)) == whole);
  return 0;
}
