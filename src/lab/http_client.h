// A plain HTTP/1.1 client for the lab: keep-alive connections to one address, one exchange each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/buffer.h"
#include "net/event_loop.h"
#include "net/socket.h"

namespace weir::lab {

/// How an exchange ended for the caller.
struct Reply {
  enum class Kind : uint8_t { kAnswered, kBroken, kTimedOut };
  Kind kind = Kind::kBroken;
  int status = 0;          ///< of kAnswered
  Duration retry_after{};  ///< as the answer said; zero if it said nothing
  std::string body{};      ///< if it was asked for
};

/// Whether an answer's body is wanted.
enum class Body : uint8_t { kDrop, kKeep };

/// Opens a connection whenever none is idle, as open-loop callers do, up to a bound; an exchange
/// that outlives its deadline closes its connection, as an impatient client does. Belongs to one
/// loop, which must outlive it; callbacks never run inside call(), and none runs after destruction.
class HttpClient {
 public:
  using Done = std::function<void(const Reply&)>;

  /// Below the 20,000 descriptors that many machines allow a process, with room for two clients.
  static constexpr size_t kConnectionsMax = 8'000;

  HttpClient(net::EventLoop& loop, net::Address address, size_t connections_max = kConnectionsMax);
  ~HttpClient();

  /// A kept body is cut off here: it is for reports of a few KiB.
  static constexpr size_t kBodyMax = 1024 * 1024;

  /// Sends `request`, a whole message whose bytes must outlive the exchange. Broken at once
  /// (through the loop) when connections_max is reached; exhausted() counts that.
  void call(std::string_view request, Instant deadline, Done done, Body body = Body::kDrop);

  size_t connections() const { return connections_.size(); }
  uint64_t exhausted() const { return exhausted_; }

 private:
  class Connection;
  struct Exchange {
    std::string_view request;
    Instant deadline{};
    Done done;
    Body body = Body::kDrop;
  };

  void open(Exchange exchange);
  void break_later(Done done);
  void retire(Connection& connection);

  net::EventLoop& loop_;
  net::Address address_;
  size_t connections_max_;
  net::SlabPool slabs_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;  // the last used is the first reused
  // Connections end inside their own methods; they are destroyed when those have returned.
  std::vector<std::unique_ptr<Connection>> dead_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for functions posted to the loop
  uint64_t exhausted_ = 0;
};

/// A GET for `path` of `authority`, ready to send.
std::string get_request(std::string_view path, std::string_view authority);

/// A POST with a body of `body_bytes` letters, ready to send.
std::string post_request(std::string_view path, std::string_view authority, size_t body_bytes);

}  // namespace weir::lab
