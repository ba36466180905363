#include "proxy/health_checker.h"

#include <utility>

#include "http/h1_parser.h"

namespace weir::proxy {

/// One endpoint's checks, one after another.
class HealthChecker::Probe final : private net::IoHandler {
 public:
  Probe(net::EventLoop& loop, const Cluster& cluster, size_t number, observe::Log* log)
      : loop_(loop),
        cluster_(cluster),
        options_(*cluster.options().health),
        endpoint_(cluster.endpoints()[number]),
        number_(number),
        log_(log),
        next_(loop.timers(), net::Callback::to<&Probe::begin>(this)),
        timeout_(loop.timers(), net::Callback::to<&Probe::fail>(this)) {
    request_ = "GET " + options_.path + " HTTP/1.1\r\nHost: " + endpoint_.authority +
               "\r\nUser-Agent: weir-health-check\r\nConnection: close\r\n\r\n";
    // Spread over the interval, so that a service with many endpoints is not asked in bursts.
    const auto share =
        static_cast<double>(number) / static_cast<double>(cluster.endpoints().size());
    next_.arm(loop.now() + from_seconds(to_seconds(options_.interval) * share));
  }
  ~Probe() { close(); }

 private:
  void begin() {
    next_.arm(loop_.now() + options_.interval);
    if (fd_) return;  // the last one still waits for its time-out
    auto fd = net::open_connection(endpoint_.address);
    if (!fd) return finish(false);
    fd_ = std::move(*fd);
    received_ = 0;
    connected_ = false;
    loop_.add(fd_.get(), *this);
    timeout_.arm(loop_.now() + options_.timeout);
  }

  void on_io(uint32_t) override {
    if (!connected_) {
      if (net::connect_error(fd_.get()) != 0) return finish(false);
      connected_ = true;
      if (endpoint_.h2) return finish(true);
      // A few hundred bytes: an empty send buffer takes them whole.
      const auto sent = net::write_some(fd_.get(), std::span<const char>(request_));
      if (sent.status != net::IoStatus::kOk || sent.bytes != request_.size()) return finish(false);
    }
    read();
  }

  void read() {
    while (received_ < buffer_.size()) {
      const auto got = net::read_some(fd_.get(), std::span(buffer_).subspan(received_));
      if (got.status == net::IoStatus::kWouldBlock) return;
      if (got.status != net::IoStatus::kOk) break;
      received_ += got.bytes;
      http::ResponseHead head;
      const auto parsed =
          http::parse_response({buffer_.data(), received_}, http::HeadLimits{}, {}, head);
      if (parsed.status == http::ParseStatus::kNeedMore) continue;
      return finish(parsed.done() && head.status >= 200 && head.status < 300);
    }
    finish(false);
  }

  void fail() { finish(false); }

  void close() {
    timeout_.cancel();
    if (!fd_) return;
    loop_.remove(fd_.get(), *this);
    fd_ = net::Fd();
  }

  void finish(bool passed) {
    close();
    if (!state_.observe(passed, options_)) return;
    cluster_.health().set(number_, state_.healthy());
    if (log_ == nullptr) return;
    log_->write(observe::LogLevel::kWarning, "health_changed",
                state_.healthy() ? "an endpoint is well again" : "an endpoint is ill",
                {{"upstream", cluster_.name()},
                 {"endpoint", endpoint_.address.to_string()},
                 {"healthy", state_.healthy()}});
  }

  net::EventLoop& loop_;
  const Cluster& cluster_;
  const HealthOptions& options_;
  const Endpoint& endpoint_;
  size_t number_;
  observe::Log* log_;
  std::string request_;
  net::Fd fd_;
  net::Timer next_;
  net::Timer timeout_;
  HealthState state_;
  std::array<char, 4096> buffer_;  // a larger head of a health check is a mistake
  size_t received_ = 0;
  bool connected_ = false;
};

HealthChecker::HealthChecker(net::EventLoop& loop, const Cluster& cluster, observe::Log* log) {
  for (size_t i = 0; i < cluster.endpoints().size(); ++i) {
    // Probes speak HTTP/1 in clear text; to others every endpoint would look ill.
    const Endpoint& endpoint = cluster.endpoints()[i];
    if (endpoint.tls != nullptr || endpoint.h2) continue;
    probes_.push_back(std::make_unique<Probe>(loop, cluster, i, log));
  }
}

HealthChecker::~HealthChecker() = default;

}  // namespace weir::proxy
