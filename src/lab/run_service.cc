#include "lab/run_service.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "net/signals.h"

namespace weir::lab {

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Expected<void> run_service(const net::Address& listen, ServiceOptions options) {
  raise_file_limit();
  auto sockets = net::open_listeners(listen, 1);
  if (!sockets) return tl::unexpected(sockets.error());
  net::EventLoop loop;
  net::SignalWatcher signals(loop, {SIGINT, SIGTERM}, [&loop](int) { loop.stop(); });
  const std::string name = options.name;
  Service service(loop, std::move(sockets->front()), std::move(options));
  std::printf("%s listens on http://%s\n", name.c_str(), service.address().to_string().c_str());
  std::fflush(stdout);
  loop.run();
  return {};
}

}  // namespace weir::lab
