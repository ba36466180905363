// Routes: what the admin address answers. A function of the request and of what it reads; the bytes
// are the connection's concern.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/feed.h"
#include "admin/monitor.h"
#include "admin/request.h"
#include "observe/log.h"
#include "observe/operator.h"

namespace weir::admin {

struct Answer {
  int status = 200;
  std::string content_type{};
  std::string body{};
  std::string allow{};  ///< methods that the path takes; only with 405
  /// An answer without an end, in place of a body.
  std::unique_ptr<Feed> feed{};
};

/// Who may change what.
struct Access {
  /// Names, besides addresses in digits and localhost, by which browsers may reach this machine.
  std::vector<std::string> host_names{};
  observe::Operator* operate = nullptr;  ///< null: nothing can be changed
  observe::Log* audit = nullptr;         ///< gets a line for each change
};

/// answer() and tick() are called from one thread at a time, the sources from any.
class Routes {
 public:
  explicit Routes(Sources sources, Access access = {})
      : sources_(std::move(sources)), access_(std::move(access)), monitor_(sources_) {}
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;

  /// GET and HEAD read; only POST changes anything, and only below /api/ctl/. 405 for another
  /// method, 404 with a list of what exists for any other path, 421 for a Host that is not ours.
  Answer answer(const Request& request) const;

  /// Once a second; see Monitor.
  void tick(int64_t time_ms, Instant now) { monitor_.tick(time_ms, now); }
  const Monitor& monitor() const noexcept { return monitor_; }

  /// The loops may go this long without coming round before /healthz fails. Their own turns take
  /// milliseconds; 10 s are a hang, not a load.
  static constexpr Duration kStallMax = std::chrono::seconds(10);

 private:
  struct Route;
  static const Route kRoutes[];

  Answer take(const Route& route, const Request& request) const;
  Answer page(const Request& request) const;
  Answer metrics(const Request& request) const;
  Answer health(const Request& request) const;
  Answer readiness(const Request& request) const;
  Answer state(const Request& request) const;
  Answer status(const Request& request) const;
  Answer stream(const Request& request) const;
  Answer explain(const Request& request) const;
  Answer recent(const Request& request) const;
  Answer tap(const Request& request) const;
  Answer ctl_set(const Request& request) const;
  Answer ctl_breaker(const Request& request) const;
  Answer ctl_drain(const Request& request) const;
  Answer changed(const Request& request, const Expected<observe::Change>& change) const;
  Answer not_found(std::string_view path) const;

  Sources sources_;
  Access access_;
  Monitor monitor_;
};

}  // namespace weir::admin
