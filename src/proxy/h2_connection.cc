#include "proxy/h2_connection.h"

#include <utility>

#include "proxy/worker.h"

namespace weir::proxy {

H2Connection::H2Connection(Worker& worker)
    : worker_(worker),
      wire_(worker.slabs()),
      again_(worker.loop().timers(), net::Callback::to<&H2Connection::read>(this)) {}

void H2Connection::open(net::Transport transport) {
  wire_.open(std::move(transport));
  worker_.loop().add(wire_.fd(), *this);
}

void H2Connection::shut() {
  again_.cancel();
  worker_.flushes().remove(*this);
  if (!wire_.is_open()) return;
  worker_.loop().remove(wire_.fd(), *this);
  wire_.close();
}

void H2Connection::want_flush() {
  worker_.flushes().add(*this);
}

void H2Connection::on_io(uint32_t events) {
  if (!wire_.is_open()) return;
  const bool was_blocked = wire_.blocked();
  wire_.note_events(events);
  if (was_blocked && !wire_.blocked()) want_flush();
  read();
}

void H2Connection::read() {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    switch (wire_.fill()) {
      case Fill::kData: break;
      case Fill::kEmpty: return after_read();
      case Fill::kFull:
      case Fill::kEnd:
      case Fill::kError: return on_down();
    }
    receive(wire_.in.readable());
    wire_.in.release();
    if (lingering_ && received_ > kLingerBytesMax) return on_down();
  }
  after_read();
  if (wire_.is_open()) again_.arm(worker_.loop().now());
}

// What ends the session, a flood or a breach of the protocol, also makes it finished() once its
// GOAWAY is out.
void H2Connection::receive(std::string_view bytes) {
  received_ += bytes.size();
  if (lingering_) return;
  link().receive(bytes, worker_.loop().now());
  want_flush();
}

void H2Connection::linger() noexcept {
  lingering_ = true;
  received_ = 0;
  wire_.finish();
}

void H2Connection::flush_turn() {
  if (lingering_) return;
  int writes = 0;
  while (writes < kWritesPerTurn && send_some()) ++writes;
  const bool finished = link().finished() && may_finish();
  if (wire_.failed()) return on_down();
  if (finished && wire_.drained()) return on_finished();
  if (writes == kWritesPerTurn) want_flush();
}

// True when there may be more to send at once.
bool H2Connection::send_some() {
  if (wire_.out.empty()) {
    wire_.out.commit(link().send(wire_.out.prepare()));
    after_send();
  }
  if (wire_.out.empty()) {
    wire_.out.release();
    wire_.flush();  // TLS may hold a record
    return false;
  }
  return wire_.flush() && !wire_.failed() && link().wants_send();
}

}  // namespace weir::proxy
