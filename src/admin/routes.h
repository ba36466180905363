// Routes: what the admin address answers. A pure function of the request and of what it reads; the
// bytes are the connection's concern.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "observe/event.h"
#include "observe/registry.h"
#include "observe/state.h"

namespace weir::admin {

struct Answer {
  int status = 200;
  std::string content_type;
  std::string body;
  std::string allow;  ///< methods that the path takes; only with 405
};

/// What the admin address tells about. Borrows everything; all must outlive it. answer() may be
/// called from one thread at a time, the sources from any.
class Routes {
 public:
  Routes(const observe::Registry& registry, const observe::StateProvider& state,
         const observe::EventRing& events, std::string version)
      : registry_(registry), state_(state), events_(events), version_(std::move(version)) {}

  /// GET and HEAD of /metrics, /healthz, /readyz and /api/state; 405 for another method there, 404
  /// with a list of what exists for any other path. A query is ignored.
  Answer answer(http::Method method, std::string_view target) const;

  /// The loops may go this long without coming round before /healthz fails. Their own turns take
  /// milliseconds; 10 s are a hang, not a load.
  static constexpr Duration kStallMax = std::chrono::seconds(10);

 private:
  struct Route;
  static const Route kRoutes[];

  Answer metrics() const;
  Answer health() const;
  Answer readiness() const;
  Answer state() const;
  Answer not_found(std::string_view path) const;

  const observe::Registry& registry_;
  const observe::StateProvider& state_;
  const observe::EventRing& events_;
  std::string version_;
};

}  // namespace weir::admin
