#include "admin/connection.h"

#include "http/h1_error.h"
#include "http/h1_writer.h"

namespace weir::admin {
namespace {

constexpr http::HeadLimits kLimits{.target_bytes_max = 4 * 1024,
                                   .header_bytes_max = Connection::kHeadBytesMax,
                                   .headers_max = http::HeaderBlock::kHeadersMax};
// Status line and the fields below, with their longest values.
constexpr size_t kAnswerHeadMax = 1024;
// Only what this address serves itself runs and is shown, and nobody frames it.
constexpr std::string_view kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

Connection::Connection(net::EventLoop& loop, net::SlabPool& slabs, net::Fd socket,
                       const Routes& routes, ConnectionOwner& owner)
    : loop_(loop),
      socket_(std::move(socket)),
      routes_(routes),
      owner_(owner),
      timeout_(loop.timers(), net::Callback::to<&Connection::on_timeout>(this)),
      feed_timer_(loop.timers(), net::Callback::to<&Connection::pull_feed>(this)),
      in_(slabs) {
  timeout_.arm(loop_.now() + kExchangeMax);
  loop_.add(socket_.get(), *this);
}

Connection::~Connection() {
  loop_.remove(socket_.get(), *this);
}

// Each round takes in what has come, answers what is complete, and sends; it ends when the socket
// has nothing for us, or no room.
void Connection::on_io(uint32_t) {
  if (feed_ != nullptr) return feed_on();
  for (;;) {
    if (!write()) return close();
    if (written_ < out_.size())
      return;  // the client reads slowly: no new request until it has read
    if (feed_ != nullptr) return pull_feed();
    if (!keep_alive_) return close();
    if (serve()) continue;
    if (end_of_input_) return close();
    const size_t before = in_.size();
    if (!read()) return close();
    if (in_.size() == before && !end_of_input_) return;
  }
}

// An event on a connection that carries a feed: more room, or the end.
void Connection::feed_on() {
  for (;;) {
    const size_t before = in_.size();
    if (!read() || end_of_input_) return close();
    if (in_.size() == before) break;
    in_.consume(in_.size());  // nothing that comes now is answered
  }
  if (!write()) close();
}

void Connection::pull_feed() {
  if (!write()) return close();
  if (written_ == out_.size()) {
    feed_->pull(out_);
    if (out_.empty() && loop_.now() - spoke_at_ >= kAliveEvery) out_ = ": alive\n\n";
    if (!out_.empty()) spoke_at_ = loop_.now();
    if (!write()) return close();
  }
  feed_timer_.arm(loop_.now() + feed_->interval());
}

// False when the connection is gone.
bool Connection::read() {
  const net::IoResult result = net::read_some(socket_.get(), in_.prepare());
  if (result.status == net::IoStatus::kOk) in_.commit(result.bytes);
  if (result.status == net::IoStatus::kEnd) end_of_input_ = true;
  if (in_.empty()) in_.release();
  return result.status != net::IoStatus::kError;
}

// False when the connection is gone.
bool Connection::write() {
  while (written_ < out_.size()) {
    const std::span<const char> rest(out_.data() + written_, out_.size() - written_);
    const net::IoResult result = net::write_some(socket_.get(), rest);
    if (result.status == net::IoStatus::kWouldBlock) return true;
    if (result.status != net::IoStatus::kOk) return false;
    written_ += result.bytes;
  }
  if (!out_.empty()) timeout_.arm(loop_.now() + kExchangeMax);
  out_.clear();
  written_ = 0;
  return true;
}

// Answers the request at the front of the input; false when it is not complete yet.
bool Connection::serve() {
  if (in_.empty()) return false;
  const http::ParseResult result = http::parse_request(in_.readable(), kLimits, head_);
  if (result.status == http::ParseStatus::kNeedMore) return false;
  if (result.status == http::ParseStatus::kError) {
    refuse(result.error);
    return true;
  }
  keep_alive_ = head_.keep_alive && !head_.body.has_body();
  answer(head_);
  in_.consume(result.consumed);
  head_.reset();
  return true;
}

void Connection::answer(const http::RequestHead& head) {
  using http::HeaderName;
  Request request;
  request.method = head.method;
  request.target = head.path();
  request.host = head.authority();
  request.origin = head.headers.value("origin");
  request.last_event_id = head.headers.value("last-event-id");
  request.accept = head.headers.value("accept");
  request.accept_encoding = head.headers.value("accept-encoding");
  request.has_ctl_header = !head.headers.value("x-weir-ctl").empty();
  queue(routes_.answer(request), head.method != http::Method::kHead);
}

void Connection::refuse(http::H1Error error) {
  keep_alive_ = false;
  queue({.status = http::http_status(error),
         .content_type = "text/plain; charset=utf-8",
         .body = "bad request: " + std::string(http::to_string(error)) + "\n"},
        true);
}

void Connection::queue(Answer answer, bool with_body) {
  if (answer.feed != nullptr) keep_alive_ = false;
  char buffer[kAnswerHeadMax];
  http::HeadWriter head(buffer, sizeof buffer);
  head.status_line(answer.status).field("content-type", answer.content_type);
  if (answer.feed == nullptr) head.field("content-length", uint64_t{answer.body.size()});
  head.field("cache-control", "no-store")
      .field("x-content-type-options", "nosniff")
      .field("content-security-policy", kContentPolicy)
      .field("referrer-policy", "no-referrer")
      .field("cross-origin-resource-policy", "same-origin");
  if (!answer.allow.empty()) head.field("allow", answer.allow);
  if (!keep_alive_) head.field("connection", "close");
  head.end_of_head();
  WEIR_ASSERT(head.ok());
  out_.append(head.view());
  if (with_body) out_.append(answer.body);
  if (with_body && answer.feed != nullptr) {
    feed_ = std::move(answer.feed);
    spoke_at_ = loop_.now();
  }
}

}  // namespace weir::admin
