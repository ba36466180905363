// Signals as events of a loop, so that handlers run as ordinary code.
#pragma once

#include <functional>
#include <initializer_list>

#include "net/event_loop.h"

namespace weir::net {

/// Keeps the signals from the calling thread and from those that it starts afterwards, so that only
/// a SignalWatcher sees them. Call it before anything starts a thread.
void block_signals(std::initializer_list<int> signals) noexcept;

/// Blocks the signals in the calling thread and reads them from a signalfd. Belongs to one loop,
/// which must outlive it.
class SignalWatcher final : private IoHandler {
 public:
  SignalWatcher(EventLoop& loop, std::initializer_list<int> signals,
                std::function<void(int signal)> handler);
  ~SignalWatcher();

 private:
  void on_io(uint32_t events) override;

  EventLoop& loop_;
  Fd fd_;
  std::function<void(int)> handler_;
};

}  // namespace weir::net
