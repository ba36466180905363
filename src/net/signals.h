// Signals as events of a loop, so that handlers run as ordinary code.
#pragma once

#include <functional>
#include <initializer_list>

#include "net/event_loop.h"

namespace weir::net {

/// Blocks the signals in the calling thread, and so in the threads it starts later, and reads them
/// from a signalfd. Make it before starting threads. Belongs to one loop, which must outlive it.
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
