// AdminClient: asks a weir on this machine or another for what its admin address tells.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "net/address.h"
#include "net/fd.h"
#include "weir/base/time.h"

namespace weir::console {

/// A whole answer.
struct Reply {
  int status = 0;
  std::string body;
};

/// Blocking, for commands. One connection a request. Not thread-safe.
class AdminClient {
 public:
  /// `address` as --admin takes it: "127.0.0.1:9901", ":9901", "http://127.0.0.1:9901". Errors:
  /// kUsage.
  static Expected<AdminClient> make(const std::string& address);

  /// Errors: kUnavailable, with what to do about it, when nobody answers as weir does.
  Expected<Reply> get(const std::string& target) const { return ask("GET", target); }
  Expected<Reply> post(const std::string& target) const { return ask("POST", target); }

  /// Reads server-sent events until `on_event` says no or the stream ends. `name` is empty for an
  /// event without one. While nothing comes `on_idle` is called about ten times a second; false
  /// ends. Errors: kUnavailable, also when the stream is cut.
  Expected<void> stream(
      const std::string& target,
      const std::function<bool(std::string_view name, std::string_view data)>& on_event,
      const std::function<bool()>& on_idle) const;

  const std::string& name() const noexcept { return name_; }

  /// Nothing on the admin address takes longer; connecting and each wait have this much.
  static constexpr Duration kPatience = std::chrono::seconds(5);

 private:
  AdminClient(net::Address address, std::string name) : address_(address), name_(std::move(name)) {}

  Expected<Reply> ask(std::string_view method, const std::string& target) const;
  Expected<net::Fd> send(std::string_view method, const std::string& target) const;
  Error unreachable(const std::string& why) const;

  net::Address address_;
  std::string name_;
};

/// Text as one part of a query or a path.
std::string percent_encoded(std::string_view text);

/// The {"error", "remedy"} of a failed answer as an Error (kUsage for 4xx, else kUnavailable).
Error error_of(const Reply& reply);

}  // namespace weir::console
