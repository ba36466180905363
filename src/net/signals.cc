#include "net/signals.h"

#include <sys/signalfd.h>

#include <csignal>

#include "weir/base/assert.h"

namespace weir::net {
namespace {

sigset_t set_of(std::initializer_list<int> signals) noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

}  // namespace

void block_signals(std::initializer_list<int> signals) noexcept {
  const sigset_t set = set_of(signals);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

SignalWatcher::SignalWatcher(EventLoop& loop, std::initializer_list<int> signals,
                             std::function<void(int)> handler)
    : loop_(loop), handler_(std::move(handler)) {
  block_signals(signals);
  const sigset_t set = set_of(signals);
  fd_ = Fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  WEIR_ASSERT(fd_);
  loop_.add(fd_.get(), *this, EPOLLIN);
}

SignalWatcher::~SignalWatcher() {
  loop_.remove(fd_.get(), *this);
}

void SignalWatcher::on_io(uint32_t) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == sizeof info)
    handler_(static_cast<int>(info.ssi_signo));
}

}  // namespace weir::net
