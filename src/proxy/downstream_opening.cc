#include "proxy/downstream_opening.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "proxy/certificates.h"
#include "proxy/worker.h"
#include "weir/base/assert.h"

namespace weir::proxy {

DownstreamOpening::DownstreamOpening(Worker& worker, net::Fd fd, const net::Address& peer)
    : worker_(worker),
      fd_(std::move(fd)),
      timer_(worker.loop().timers(), net::Callback::to<&DownstreamOpening::on_timer>(this)),
      header_wanted_(worker.options().proxy_protocol),
      tls_wanted_(worker.certificates() != nullptr) {
  caller_.address = peer.host();
  caller_.fd = fd_.get();
  worker_.loop().add(fd_.get(), *this);
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.request_head);
}

DownstreamOpening::~DownstreamOpening() {
  WEIR_ASSERT(closed_);
}

void DownstreamOpening::on_io(uint32_t) {
  if (closed_) return;
  switch (advance()) {
    case Step::kDone: return hand_over();
    case Step::kAgain: return;
    case Step::kFailed: return close();
  }
}

DownstreamOpening::Step DownstreamOpening::advance() {
  if (header_wanted_) {
    const Step step = read_proxy_header();
    if (step != Step::kDone) return step;
    header_wanted_ = false;
  }
  return tls_wanted_ ? shake_hands() : Step::kDone;
}

// Looks first and takes only the header: what follows belongs to TLS or HTTP.
DownstreamOpening::Step DownstreamOpening::read_proxy_header() {
  std::array<char, net::kProxyHeaderBytesMax> room;
  const ssize_t seen = ::recv(fd_.get(), room.data(), room.size(), MSG_PEEK);
  if (seen < 0) return errno == EAGAIN || errno == EINTR ? Step::kAgain : Step::kFailed;
  if (seen == 0) return Step::kFailed;
  const auto parsed =
      net::parse_proxy_header(std::string_view(room.data(), static_cast<size_t>(seen)));
  switch (parsed.status) {
    case net::ProxyParse::kNeedMore: return Step::kAgain;
    case net::ProxyParse::kBad: return Step::kFailed;
    case net::ProxyParse::kDone: break;
  }
  const net::IoResult taken = net::read_some(fd_.get(), std::span(room.data(), parsed.size));
  if (taken.bytes != parsed.size) return Step::kFailed;
  if (!parsed.header.proxied) return Step::kDone;
  caller_.address = parsed.header.source.host();
  caller_.told = std::make_unique<net::ProxyHeader>(parsed.header);
  return Step::kDone;
}

DownstreamOpening::Step DownstreamOpening::shake_hands() {
  if (tls_ == nullptr)
    tls_ = std::make_unique<net::TlsSession>(worker_.certificates()->current(), fd_.get());
  switch (tls_->handshake()) {
    case net::TlsStep::kAgain: return Step::kAgain;
    case net::TlsStep::kFailed: return Step::kFailed;
    case net::TlsStep::kDone: caller_.scheme = "https"; return Step::kDone;
  }
  return Step::kFailed;
}

void DownstreamOpening::hand_over() {
  const bool h2 = tls_ != nullptr && tls_->protocol() == "h2";
  worker_.loop().remove(fd_.get(), *this);
  net::Transport transport(std::move(fd_), std::move(tls_));
  forget();
  if (h2) {
    worker_.adopt_h2(std::move(transport), std::move(caller_), {});
  } else {
    worker_.adopt_h1(std::move(transport), std::move(caller_));
  }
}

void DownstreamOpening::close() {
  if (closed_) return;
  worker_.loop().remove(fd_.get(), *this);
  tls_.reset();
  fd_.reset();
  forget();
}

void DownstreamOpening::forget() {
  closed_ = true;
  timer_.cancel();
  worker_.retire(*this);
}

}  // namespace weir::proxy
