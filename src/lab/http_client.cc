#include "lab/http_client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/h1_body.h"
#include "http/h1_parser.h"

namespace weir::lab {
namespace {

Duration retry_after(const http::ResponseHead& head) {
  const std::string_view text = head.headers.value(http::HeaderName::kRetryAfter);
  int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr int64_t kSecondsMax = 3600;  // whoever says more means "not today"
  return std::chrono::seconds(std::clamp<int64_t>(seconds, 0, kSecondsMax));
}

std::string request_head(std::string_view method, std::string_view path,
                         std::string_view authority) {
  std::string head(method);
  head.append(path).append(" HTTP/1.1\r\nhost: ").append(authority);
  return head.append("\r\nuser-agent: weir-lab\r\n");
}

}  // namespace

class HttpClient::Connection final : private net::IoHandler {
 public:
  Connection(HttpClient& client, net::Fd fd)
      : client_(client),
        fd_(std::move(fd)),
        in_(client.slabs_),
        timer_(client.loop_.timers(), net::Callback::to<&Connection::on_timeout>(this)) {
    client_.loop_.add(fd_.get(), *this);
  }

  void begin(Exchange exchange) {
    exchange_ = std::move(exchange);
    sent_ = 0;
    got_bytes_ = false;
    head_.reset();
    reading_body_ = false;
    busy_ = true;
    timer_.arm(exchange_.deadline);
    if (connected_ && !send()) {
      // The caller is still inside call(): tell it in the next turn.
      lost_ = true;
      timer_.arm(client_.loop_.now());
    }
  }

  void close() {
    if (!fd_) return;
    client_.loop_.remove(fd_.get(), *this);
    fd_.reset();
    timer_.cancel();
  }

  bool reused = false;

 private:
  void on_io(uint32_t events) override {
    if (!connected_) {
      if (net::connect_error(fd_.get()) != 0) return fail();
      if ((events & EPOLLOUT) == 0) return;
      connected_ = true;
    }
    if (busy_ && !send()) return fail();
    if (fd_ && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive();
  }

  bool send() {
    while (sent_ < exchange_.request.size()) {
      const std::string_view rest = exchange_.request.substr(sent_);
      const net::IoResult result = net::write_some(fd_.get(), std::span(rest.data(), rest.size()));
      if (result.status == net::IoStatus::kWouldBlock) return true;
      if (result.status != net::IoStatus::kOk) return false;
      sent_ += result.bytes;
    }
    return true;
  }

  void receive() {
    while (fd_) {
      if (in_.full() && !in_.grow()) return fail();
      const std::span<char> room = in_.prepare();
      const net::IoResult result = net::read_some(fd_.get(), room);
      if (result.status == net::IoStatus::kWouldBlock) {
        if (in_.empty()) in_.release();  // thousands of idle connections must not hold slabs
        return;
      }
      if (result.status == net::IoStatus::kError) return fail();
      if (result.status == net::IoStatus::kEnd) return on_end();
      in_.commit(result.bytes);
      if (!busy_) return fail();  // an answer nobody asked for
      got_bytes_ = true;
      parse();
    }
  }

  void parse() {
    while (!reading_body_) {
      const auto result =
          http::parse_response(in_.readable(), http::HeadLimits{}, http::ResponseTo{}, head_);
      if (result.status == http::ParseStatus::kError) return fail();
      if (!result.done()) return;
      reply_ = {Reply::Kind::kAnswered, head_.status, retry_after(head_)};
      in_.consume(result.consumed);
      if (head_.is_interim()) {
        head_.reset();
        continue;
      }
      body_ = http::BodyDecoder(head_.body);
      reading_body_ = true;
    }
    while (!body_.done()) {
      const http::BodyStep step = body_.decode(in_.readable());
      if (exchange_.body == Body::kKeep && reply_.body.size() < kBodyMax) {
        reply_.body += step.payload;
      }
      in_.consume(step.consumed);
      if (step.event == http::BodyEvent::kError) return fail();
      if (step.event == http::BodyEvent::kNeedMore) return;
    }
    end(reply_, head_.keep_alive && in_.empty() && sent_ == exchange_.request.size());
  }

  void on_end() {
    if (busy_ && reading_body_ && body_.finish_at_close()) return end(reply_, false);
    fail();
  }

  void on_timeout() {
    if (lost_) return fail();
    end({Reply::Kind::kTimedOut}, false);
  }

  // A server may close an idle connection just when it is reused: that says nothing about the
  // request, which goes out again on a fresh connection (RFC 9112 §9.3.1).
  void fail() {
    if (!busy_ || !reused || got_bytes_) return end({Reply::Kind::kBroken}, false);
    busy_ = false;
    Exchange again = std::move(exchange_);
    HttpClient& client = client_;
    client.retire(*this);
    client.open(std::move(again));
  }

  void end(const Reply& reply, bool keep) {
    timer_.cancel();
    const Done done = std::move(exchange_.done);
    const bool was_busy = std::exchange(busy_, false);
    exchange_ = {};
    if (keep) {
      reused = true;
      client_.idle_.push_back(this);
    } else {
      client_.retire(*this);
    }
    if (was_busy) done(reply);
  }

  HttpClient& client_;
  net::Fd fd_;
  net::Buffer in_;
  net::Timer timer_;
  Exchange exchange_;
  size_t sent_ = 0;
  bool connected_ = false;
  bool busy_ = false;
  bool got_bytes_ = false;  // of this exchange
  bool lost_ = false;       // the connection turned out dead while the exchange began
  bool reading_body_ = false;
  Reply reply_;
  http::ResponseHead head_;
  http::BodyDecoder body_;
};

HttpClient::HttpClient(net::EventLoop& loop, net::Address address, size_t connections_max)
    : loop_(loop), address_(address), connections_max_(connections_max) {}

HttpClient::~HttpClient() {
  *alive_ = false;
  for (auto& [connection, owned] : connections_) connection->close();
}

void HttpClient::call(std::string_view request, Instant deadline, Done done, Body body) {
  Exchange exchange{request, deadline, std::move(done), body};
  if (idle_.empty()) return open(std::move(exchange));
  Connection* connection = idle_.back();
  idle_.pop_back();
  connection->begin(std::move(exchange));
}

void HttpClient::open(Exchange exchange) {
  if (connections_.size() >= connections_max_) {
    ++exhausted_;
    return break_later(std::move(exchange.done));
  }
  auto fd = net::open_connection(address_);
  if (!fd) return break_later(std::move(exchange.done));
  auto connection = std::make_unique<Connection>(*this, std::move(*fd));
  Connection* raw = connection.get();
  connections_.emplace(raw, std::move(connection));
  raw->begin(std::move(exchange));
}

void HttpClient::break_later(Done done) {
  loop_.post([alive = alive_, done = std::move(done)] {
    if (*alive) done({Reply::Kind::kBroken});
  });
}

void HttpClient::retire(Connection& connection) {
  connection.close();
  std::erase(idle_, &connection);
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  dead_.push_back(std::move(found->second));
  connections_.erase(found);
  if (dead_.size() > 1) return;  // the burial is on its way
  loop_.post([this, alive = alive_] {
    if (*alive) dead_.clear();
  });
}

std::string get_request(std::string_view path, std::string_view authority) {
  return request_head("GET ", path, authority).append("\r\n");
}

std::string post_request(std::string_view path, std::string_view authority, size_t body_bytes) {
  std::string request = request_head("POST ", path, authority);
  request.append("content-length: ").append(std::to_string(body_bytes)).append("\r\n\r\n");
  return request.append(body_bytes, 'x');
}

}  // namespace weir::lab
