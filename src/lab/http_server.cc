#include "lab/http_server.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/h1_body.h"
#include "http/h1_parser.h"

namespace weir::lab {
namespace {

constexpr size_t kFillerChunk = 64 * 1024;
constexpr std::array<char, kFillerChunk> kFiller{};

std::string head_of(const Answer& answer, bool keep_alive) {
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  out.append(http::reason_phrase(answer.status)).append("\r\ncontent-type: ");
  out.append(answer.content_type).append("\r\ncontent-length: ");
  out += std::to_string(answer.body.size() + answer.filler_bytes);
  return out.append(keep_alive ? "\r\n\r\n" : "\r\nconnection: close\r\n\r\n");
}

}  // namespace

class HttpServer::Connection final : private net::IoHandler {
 public:
  Connection(HttpServer& server, net::Fd fd)
      : server_(server), fd_(std::move(fd)), in_(server.slabs_) {
    server_.loop_.add(fd_.get(), *this);
  }

  void close() {
    if (!fd_) return;
    server_.loop_.remove(fd_.get(), *this);
    fd_.reset();
  }

  void answer(const Answer& answer) {
    const bool head_only = head_.method == http::Method::kHead;
    keep_alive_ = keep_alive_ && head_.keep_alive;
    out_ = head_of(answer, keep_alive_);
    if (!head_only) out_ += answer.body;
    filler_left_ = head_only ? 0 : answer.filler_bytes;
    exchange_ = 0;
    state_ = State::kAnswering;
    flush();
  }

  ExchangeId exchange() const { return exchange_; }

 private:
  enum class State : uint8_t { kHead, kBody, kWorking, kAnswering };

  void on_io(uint32_t events) override {
    if (state_ == State::kAnswering && (events & EPOLLOUT) != 0) flush();
    if (fd_ && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive();
  }

  // While a request is worked on, reading goes on only to notice that its caller has left; a client
  // that sends more meanwhile fills at most the buffer, and is read on after the answer.
  void receive() {
    while (fd_) {
      if (in_.full() && (state_ != State::kHead || !in_.grow())) return overflow();
      const std::span<char> room = in_.prepare();
      const net::IoResult result = net::read_some(fd_.get(), room);
      if (result.status == net::IoStatus::kWouldBlock) {
        if (in_.empty()) in_.release();
        return;
      }
      if (result.status != net::IoStatus::kOk) return leave();
      in_.commit(result.bytes);
      parse();
    }
  }

  void overflow() {
    if (state_ == State::kHead) return leave();
    stalled_ = true;
  }

  void parse() {
    if (state_ == State::kHead) {
      const auto result = http::parse_request(in_.readable(), http::HeadLimits{}, head_);
      if (result.status == http::ParseStatus::kError) return refuse(http_status(result.error));
      if (!result.done()) return;
      head_bytes_.assign(in_.readable().substr(0, result.consumed));
      head_.headers.rebase(head_bytes_.data());
      in_.consume(result.consumed);
      body_ = http::BodyDecoder(head_.body);
      state_ = State::kBody;
      if (head_.expect_continue && head_.body.has_body()) {
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        net::write_some(fd_.get(), std::span(kContinue.data(), kContinue.size()));
      }
    }
    if (state_ != State::kBody) return;
    while (!body_.done()) {
      const http::BodyStep step = body_.decode(in_.readable());
      in_.consume(step.consumed);
      if (step.event == http::BodyEvent::kError) return refuse(http_status(step.error));
      if (step.event == http::BodyEvent::kNeedMore) return;
    }
    state_ = State::kWorking;
    exchange_ = ++server_.last_exchange_;
    server_.exchanges_.emplace(exchange_, this);
    server_.handler_.on_request(exchange_, head_);
  }

  void refuse(int status) {
    keep_alive_ = false;
    answer({.status = status, .body = "bad request\n"});
  }

  void flush() {
    while (!out_.empty() || filler_left_ > 0) {
      const bool filling = out_.empty();
      const size_t room = static_cast<size_t>(std::min<uint64_t>(filler_left_, kFillerChunk));
      const net::IoResult result =
          net::write_some(fd_.get(), filling ? std::span(kFiller.data(), room)
                                             : std::span<const char>(out_.data(), out_.size()));
      if (result.status == net::IoStatus::kWouldBlock) return;
      if (result.status != net::IoStatus::kOk) return leave();
      if (filling) {
        filler_left_ -= result.bytes;
      } else {
        out_.erase(0, result.bytes);
      }
    }
    if (!keep_alive_) return leave();
    head_.reset();
    state_ = State::kHead;
    if (!in_.empty()) parse();  // the next request came early
    if (fd_ && std::exchange(stalled_, false)) receive();
  }

  void leave() {
    const ExchangeId unanswered = std::exchange(exchange_, 0);
    HttpServer& server = server_;
    server.retire(*this);
    if (unanswered == 0) return;
    server.exchanges_.erase(unanswered);
    server.handler_.on_caller_left(unanswered);
  }

  HttpServer& server_;
  net::Fd fd_;
  net::Buffer in_;
  State state_ = State::kHead;
  ExchangeId exchange_ = 0;
  bool keep_alive_ = true;
  bool stalled_ = false;  // the buffer is full, and the socket holds more
  std::string out_;
  uint64_t filler_left_ = 0;
  std::string head_bytes_;  // head_ points into them, so that the buffer can go back meanwhile
  http::RequestHead head_;
  http::BodyDecoder body_;
};

HttpServer::HttpServer(net::EventLoop& loop, net::Fd listening_socket, RequestHandler& handler)
    : loop_(loop), handler_(handler), listener_(loop, std::move(listening_socket), *this) {}

HttpServer::~HttpServer() {
  *alive_ = false;
  for (auto& [connection, owned] : connections_) connection->close();
}

void HttpServer::answer(ExchangeId exchange, const Answer& answer) {
  const auto found = exchanges_.find(exchange);
  if (found == exchanges_.end()) return;
  Connection* connection = found->second;
  exchanges_.erase(found);
  connection->answer(answer);
}

void HttpServer::on_accept(net::Fd fd, const net::Address&) {
  if (connections_.size() >= kConnectionsMax) return;
  auto connection = std::make_unique<Connection>(*this, std::move(fd));
  Connection* raw = connection.get();
  connections_.emplace(raw, std::move(connection));
}

void HttpServer::retire(Connection& connection) {
  connection.close();
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  dead_.push_back(std::move(found->second));
  connections_.erase(found);
  if (dead_.size() > 1) return;  // the burial is on its way
  loop_.post([this, alive = alive_] {
    if (*alive) dead_.clear();
  });
}

}  // namespace weir::lab
