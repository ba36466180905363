#include "net/transport.h"

#include <sys/socket.h>

namespace weir::net {

void Transport::finish() noexcept {
  if (tls_ != nullptr) tls_->finish();
  ::shutdown(fd_.get(), SHUT_WR);
}

}  // namespace weir::net
