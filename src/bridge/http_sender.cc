#include "bridge/http_sender.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "bridge/http_request.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"
#include "weir/base/assert.h"

namespace weir::bridge {
namespace {

// Shorter than the keep-alive time of common servers (nginx 75 s, Node.js 5 s), so that we close
// first and a request seldom meets a closing connection.
constexpr Duration kIdleMax = std::chrono::seconds(4);
constexpr size_t kReadBytes = 16 * 1024;

}  // namespace

/// One exchange at a time: connect, send, read, then idle.
class HttpSender::Connection final : private net::IoHandler {
 public:
  Connection(HttpSender& owner, size_t endpoint)
      : owner_(owner),
        endpoint_(endpoint),
        timer_(owner.loop_.timers(), net::Callback::to<&Connection::on_timeout>(this)) {}
  ~Connection() { close(); }

  size_t endpoint() const noexcept { return endpoint_; }
  Record* record() const noexcept { return record_; }

  void send(Record& record) {
    const Endpoint& endpoint = owner_.endpoints_[endpoint_];
    record_ = &record;
    out_ = request_head(record, owner_.options_, endpoint.target.authority);
    sent_ = 0;
    in_.clear();
    in_head_ = true;
    keep_alive_possible_ = true;
    head_.reset();
    snippet_.clear();
    const Instant now = owner_.loop_.update_now();
    deadline_ = now + owner_.options_.timeout;
    if (fd_) {
      timer_.arm(deadline_);
      write();
    } else {
      connect(endpoint.target.address, now);
    }
  }

  void idle() {
    record_ = nullptr;
    timer_.arm(owner_.loop_.now() + kIdleMax);
  }

 private:
  enum class State : uint8_t { kClosed, kConnecting, kOpen };

  void connect(const net::Address& address, Instant now) {
    auto fd = net::open_connection(address);
    if (!fd) {
      failure_ = fd.error().message;
      timer_.arm(now);  // tells it from the loop, not from within send()
      return;
    }
    fd_ = std::move(*fd);
    state_ = State::kConnecting;
    timer_.arm(std::min(deadline_, now + kConnectMax));
    owner_.loop_.add(fd_.get(), *this);
  }

  void close() {
    timer_.cancel();
    if (fd_) owner_.loop_.remove(fd_.get(), *this);
    fd_.reset();
    state_ = State::kClosed;
  }

  void on_io(uint32_t events) override {
    if (record_ == nullptr) return on_idle_io();
    // What comes in one event with an answer is not told again.
    if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) keep_alive_possible_ = false;
    if (state_ == State::kConnecting) {
      if (const int error = net::connect_error(fd_.get()); error != 0)
        return end(Answer::kUnreachable, "cannot connect: " + net::describe_errno(error));
      if ((events & EPOLLOUT) == 0) return;
      state_ = State::kOpen;
      net::set_no_delay(fd_.get());
      timer_.arm(deadline_);
    }
    if (!write()) return;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) read();
  }

  // The server closes, or talks out of turn; or the event is an echo of what was read already.
  void on_idle_io() {
    char byte = 0;
    const net::IoResult result = net::read_some(fd_.get(), std::span<char>(&byte, 1));
    if (result.status != net::IoStatus::kWouldBlock) owner_.remove(*this);
  }

  void on_timeout() {
    if (record_ == nullptr) return owner_.remove(*this);
    if (state_ == State::kOpen) return end(Answer::kTimedOut, "no answer in time");
    end(Answer::kUnreachable, failure_.empty() ? "cannot connect in time" : failure_);
  }

  // False when the exchange has ended.
  bool write() {
    const std::string& body = record_->value;
    while (sent_ < out_.size() + body.size()) {
      std::array<iovec, 2> pieces{};
      size_t count = 0;
      if (sent_ < out_.size()) pieces[count++] = {out_.data() + sent_, out_.size() - sent_};
      const size_t body_sent = sent_ > out_.size() ? sent_ - out_.size() : 0;
      pieces[count++] = {const_cast<char*>(body.data()) + body_sent, body.size() - body_sent};
      const net::IoResult result =
          net::write_some(fd_.get(), std::span<const iovec>(pieces.data(), count));
      if (result.status == net::IoStatus::kWouldBlock) return true;
      if (result.status == net::IoStatus::kError) {
        // It may have answered before it closed.
        return sent_ == 0 ? (end(Answer::kUnreachable, "the connection was closed"), false) : true;
      }
      sent_ += result.bytes;
    }
    return true;
  }

  void read() {
    std::array<char, kReadBytes> room;
    for (;;) {
      const net::IoResult result = net::read_some(fd_.get(), room);
      switch (result.status) {
        case net::IoStatus::kWouldBlock: return;
        case net::IoStatus::kError: return broken(net::describe_errno(result.error));
        case net::IoStatus::kEnd:
          if (!in_head_ && body_.finish_at_close()) return answer(false);
          return broken("the service closed the connection before it answered");
        case net::IoStatus::kOk: break;
      }
      in_.append(room.data(), result.bytes);
      if (parse()) return;
    }
  }

  // True when the exchange has ended.
  bool parse() {
    while (in_head_) {
      const http::ParseResult result =
          http::parse_response(in_, {}, {http::Method::kPost, false}, head_);
      if (result.status == http::ParseStatus::kNeedMore) return false;
      if (!result.done()) return broken("its answer is not HTTP"), true;
      if (!head_.is_interim()) {
        in_head_ = false;
        delivery_ = delivery_of(head_, wall_seconds());
        body_ = http::BodyDecoder(head_.body);
        keep_alive_possible_ &= head_.keep_alive;
      } else {
        head_.reset();
      }
      in_.erase(0, result.consumed);
    }
    std::string_view rest = in_;
    while (!body_.done()) {
      const http::BodyStep step = body_.decode(rest);
      rest.remove_prefix(step.consumed);
      if (step.event == http::BodyEvent::kError) return broken("its answer is not HTTP"), true;
      if (step.event == http::BodyEvent::kNeedMore) break;
      if (snippet_.size() < kSnippetBytes)
        snippet_.append(step.payload.substr(0, kSnippetBytes - snippet_.size()));
    }
    in_.erase(0, in_.size() - rest.size());
    if (!body_.done()) return false;
    answer(in_.empty());
    return true;
  }

  void answer(bool clean) {
    if (delivery_.answer != Answer::kDelivered && !snippet_.empty())
      delivery_.error += ": " + snippet_;
    const bool all_sent = sent_ == out_.size() + record_->value.size();
    owner_.finished(*this, clean && keep_alive_possible_ && all_sent, delivery_);
  }

  void broken(const std::string& why) { end(Answer::kFailed, why); }

  void end(Answer answer, std::string why) {
    owner_.finished(*this, false, {answer, 0, {}, std::move(why)});
  }

  HttpSender& owner_;
  size_t endpoint_;
  net::Timer timer_;
  net::Fd fd_;
  State state_ = State::kClosed;
  Record* record_ = nullptr;
  Instant deadline_{};
  std::string failure_;

  std::string out_;
  size_t sent_ = 0;
  std::string in_;  // a head under way, at most http::kHeadBytesMax; else what one read brought
  bool in_head_ = true;
  bool keep_alive_possible_ = true;
  http::ResponseHead head_;
  http::BodyDecoder body_;
  Delivery delivery_;
  std::string snippet_;

  friend class HttpSender;
};

HttpSender::HttpSender(net::EventLoop& loop, const DeliverOptions& options, SendSink& sink,
                       const std::vector<SendTarget>& targets)
    : loop_(loop),
      options_(options),
      sink_(sink),
      bury_(net::Callback::to<&HttpSender::bury>(this)) {
  for (const SendTarget& target : targets) endpoints_.push_back({target, {}});
}

HttpSender::~HttpSender() = default;

void HttpSender::send(Record& record) {
  ++active_;
  connection_to(turn_++ % endpoints_.size()).send(record);
}

HttpSender::Connection& HttpSender::connection_to(size_t endpoint) {
  std::vector<Connection*>& idle = endpoints_[endpoint].idle;
  if (!idle.empty()) {
    Connection& connection = *idle.back();
    idle.pop_back();
    return connection;
  }
  return *connections_.emplace_back(std::make_unique<Connection>(*this, endpoint));
}

void HttpSender::finished(Connection& connection, bool reusable, const Delivery& delivery) {
  --active_;
  Record& record = *connection.record();
  const Delivery copy = delivery;  // it may lie in the connection
  if (reusable) {
    connection.idle();
    endpoints_[connection.endpoint()].idle.push_back(&connection);
  } else {
    remove(connection);
  }
  sink_.answered(record, copy);
}

void HttpSender::remove(Connection& connection) {
  std::erase(endpoints_[connection.endpoint()].idle, &connection);
  const auto found =
      std::find_if(connections_.begin(), connections_.end(),
                   [&](const auto& candidate) { return candidate.get() == &connection; });
  WEIR_ASSERT(found != connections_.end());
  connection.close();
  retired_.push_back(std::move(*found));
  *found = std::move(connections_.back());
  connections_.pop_back();
  loop_.post(bury_);
}

void HttpSender::bury() {
  retired_.clear();
}

}  // namespace weir::bridge
