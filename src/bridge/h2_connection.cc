#include "bridge/h2_connection.h"

#include <algorithm>
#include <chrono>

#include "bridge/credits.h"
#include "bridge/grpc_answer.h"
#include "weir/base/assert.h"

namespace weir::bridge {
namespace {

// Below the idle time of common servers (nginx 75 s, Envoy 1 h), so that we close first.
constexpr Duration kIdleMax = std::chrono::seconds(30);
constexpr size_t kReadBytes = 16 * 1024;

// Before a gRPC message: a byte that says "not compressed", and its length.
std::string grpc_prefix(size_t size) {
  std::string prefix(1, '\0');
  for (const int shift : {24, 16, 8, 0}) prefix += static_cast<char>(size >> shift & 0xFF);
  return prefix;
}

Delivery grpc_delivery(const http::HeaderBlock& fields) {
  Delivery delivery = delivery_of_grpc(fields.value("grpc-status"), fields.value("grpc-message"),
                                       fields.value("grpc-retry-pushback-ms"));
  delivery.credits = credits_in(fields.value(http::HeaderName::kEndpointLoadMetrics));
  return delivery;
}

}  // namespace

/// One record under way.
struct H2Sender::Connection::Exchange {
  Exchange(Connection& connection, Record& the_record)
      : owner(connection),
        record(the_record),
        timer(connection.owner_.loop_.timers(), net::Callback::to<&Exchange::on_timeout>(this)) {
    if (owner.grpc_) prefix = grpc_prefix(record.value.size());
  }
  void on_timeout() { owner.timed_out(stream); }
  size_t body_bytes() const { return prefix.size() + record.value.size(); }

  Connection& owner;
  Record& record;
  int32_t stream = 0;
  net::Timer timer;
  std::string prefix;  // of gRPC
  size_t sent = 0;     // of prefix and value
  bool answered = false;
  Delivery delivery{Answer::kFailed, 0, {}, "the service ended the stream without an answer"};
  std::string snippet;
};

H2Sender::Connection::Connection(H2Sender& owner, const Endpoint& endpoint)
    : owner_(owner),
      authority_(endpoint.target.authority),
      grpc_(owner.options_.protocol == Protocol::kGrpc),
      session_({}, *this, owner.loop_.now()),
      timer_(owner.loop_.timers(), net::Callback::to<&Connection::on_timer>(this)),
      flush_task_(net::Callback::to<&Connection::flush>(this)) {
  auto fd = net::open_connection(endpoint.target.address);
  const Instant now = owner.loop_.update_now();
  if (fd) {
    fd_ = std::move(*fd);
    owner.loop_.add(fd_.get(), *this);
    timer_.arm(now + kConnectMax);
  } else {
    failure_ = fd.error().message;
    timer_.arm(now);  // tells it from the loop, not from within send()
  }
}

H2Sender::Connection::~Connection() {
  if (fd_) owner_.loop_.remove(fd_.get(), *this);
}

void H2Sender::Connection::send(Record& record) {
  owner_.fields_.fill(record, owner_.options_, authority_);
  auto exchange = std::make_unique<Exchange>(*this, record);
  exchange->stream = session_.request(owner_.fields_.list(), http::Method::kPost, true);
  WEIR_ASSERT(exchange->stream > 0);  // has_room() said so
  exchange->timer.arm(owner_.loop_.update_now() + owner_.options_.timeout);
  exchanges_.emplace(exchange->stream, std::move(exchange));
  if (open_) owner_.loop_.post(flush_task_);
}

void H2Sender::Connection::on_io(uint32_t events) {
  if (closed_) return;
  if (!open_ && !connected()) return;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) read();
  if (!closed_) flush();
}

// False while it is not, and when it failed.
bool H2Sender::Connection::connected() {
  if (const int error = net::connect_error(fd_.get()); error != 0) {
    close(Answer::kUnreachable, "cannot connect: " + net::describe_errno(error));
    return false;
  }
  open_ = true;
  net::set_no_delay(fd_.get());
  timer_.arm(owner_.loop_.now() + kIdleMax);
  return true;
}

void H2Sender::Connection::read() {
  std::array<char, kReadBytes> room;
  for (;;) {
    const net::IoResult result = net::read_some(fd_.get(), room);
    if (result.status == net::IoStatus::kWouldBlock) break;
    if (result.status != net::IoStatus::kOk)
      return close(Answer::kFailed, "the service closed the connection before it answered");
    const auto status = session_.receive({room.data(), result.bytes}, owner_.loop_.update_now());
    if (status != http::H2Status::kOk) return close(Answer::kFailed, "its answer is not HTTP/2");
  }
  after_event();
}

void H2Sender::Connection::flush() {
  if (closed_ || !open_) return;
  for (;;) {
    if (out_begin_ == out_end_) {
      out_begin_ = 0;
      out_end_ = session_.send(out_);
      if (out_end_ == 0) break;
    }
    const net::IoResult result = net::write_some(
        fd_.get(), std::span<const char>(out_.data() + out_begin_, out_end_ - out_begin_));
    if (result.status == net::IoStatus::kWouldBlock) return;
    if (result.status == net::IoStatus::kError)
      return close(Answer::kFailed, "the connection broke while sending");
    out_begin_ += result.bytes;
  }
  after_event();
}

void H2Sender::Connection::after_event() {
  if (closed_) return;
  // After a GOAWAY, when the last answer is in.
  if (exchanges_.empty() && (session_.finished() || !session_.can_request()))
    return close(Answer::kUnreachable, "");
}

// Not connected in time, or idle for too long.
void H2Sender::Connection::on_timer() {
  if (!open_)
    return close(Answer::kUnreachable, failure_.empty() ? "cannot connect in time" : failure_);
  if (exchanges_.empty()) return close(Answer::kUnreachable, "");
  timer_.arm(owner_.loop_.now() + kIdleMax);
}

void H2Sender::Connection::close(Answer answer, const std::string& why) {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  if (fd_) owner_.loop_.remove(fd_.get(), *this);
  fd_.reset();
  while (!exchanges_.empty()) finish(exchanges_.begin()->first, {answer, 0, {}, why});
  owner_.retire(*this);
}

void H2Sender::Connection::finish(int32_t stream, Delivery delivery) {
  const auto found = exchanges_.find(stream);
  if (found == exchanges_.end()) return;
  Record& record = found->second->record;
  exchanges_.erase(found);
  owner_.sink_.answered(record, delivery);
}

void H2Sender::Connection::timed_out(int32_t stream) {
  session_.reset(stream, http::H2Code::kCancel);  // also takes back what was not sent yet
  if (!open_) return finish(stream, {Answer::kUnreachable, 0, {}, "cannot connect in time"});
  owner_.loop_.post(flush_task_);
  finish(stream, {Answer::kTimedOut, 0, {}, "no answer in time"});
}

void H2Sender::Connection::on_response(int32_t stream, const http::ResponseHead& head) {
  const auto found = exchanges_.find(stream);
  if (found == exchanges_.end() || head.is_interim()) return;
  Exchange& exchange = *found->second;
  exchange.answered = true;
  exchange.delivery = delivery_of(head, wall_seconds());
  if (!grpc_ || head.status != 200) return;
  // Trailers only, or the trailers are still to come.
  exchange.delivery = grpc_delivery(head.headers);
}

void H2Sender::Connection::on_body(int32_t stream, std::string_view payload) {
  session_.consume(stream, payload.size());
  const auto found = exchanges_.find(stream);
  if (found == exchanges_.end() || grpc_) return;
  std::string& snippet = found->second->snippet;
  if (snippet.size() < kSnippetBytes)
    snippet.append(payload.substr(0, kSnippetBytes - snippet.size()));
}

void H2Sender::Connection::on_trailers(int32_t stream, const http::HeaderBlock& trailers) {
  const auto found = exchanges_.find(stream);
  if (found == exchanges_.end() || !grpc_) return;
  Delivery delivery = grpc_delivery(trailers);
  if (!delivery.credits) delivery.credits = found->second->delivery.credits;  // of the head
  found->second->delivery = std::move(delivery);
}

void H2Sender::Connection::on_stream_closed(int32_t stream, uint32_t code) {
  const auto found = exchanges_.find(stream);
  if (found == exchanges_.end()) return;
  finish(stream, delivery_of_close(*found->second, code));
}

Delivery H2Sender::Connection::delivery_of_close(const Exchange& exchange, uint32_t code) const {
  if (code == static_cast<uint32_t>(http::H2Code::kRefusedStream))
    return {Answer::kUnreachable, 0, {}, "the service refused the stream"};
  // A server may answer in full and then reset, for want of the rest of the request.
  if (code != 0 && !exchange.answered)
    return {Answer::kFailed, 0, {}, "the service reset the stream: " + std::to_string(code)};
  Delivery delivery = exchange.delivery;
  if (delivery.answer != Answer::kDelivered && !exchange.snippet.empty())
    delivery.error += ": " + exchange.snippet;
  return delivery;
}

http::H2BodyReady H2Sender::Connection::body_ready(int32_t stream, size_t max) {
  const auto found = exchanges_.find(stream);
  if (found == exchanges_.end()) return {0, true, false};
  const Exchange& exchange = *found->second;
  const size_t left = exchange.body_bytes() - exchange.sent;
  const size_t size = std::min(left, max);
  return {size, size == left, false};
}

void H2Sender::Connection::copy_body(int32_t stream, std::span<char> out) {
  const auto found = exchanges_.find(stream);
  WEIR_ASSERT(found != exchanges_.end() || out.empty());
  if (out.empty()) return;
  Exchange& exchange = *found->second;
  const std::string& value = exchange.record.value;
  size_t done = 0;
  while (done < out.size()) {
    const bool in_prefix = exchange.sent < exchange.prefix.size();
    const size_t at = in_prefix ? exchange.sent : exchange.sent - exchange.prefix.size();
    const std::string& from = in_prefix ? exchange.prefix : value;
    const size_t size = std::min(out.size() - done, from.size() - at);
    from.copy(out.data() + done, size, at);
    exchange.sent += size;
    done += size;
  }
}

}  // namespace weir::bridge
