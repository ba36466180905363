#include "console/admin_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "net/socket.h"

namespace weir::console {
namespace {

constexpr int kPatienceMillis = static_cast<int>(
    std::chrono::duration_cast<std::chrono::milliseconds>(AdminClient::kPatience).count());
constexpr int kIdleMillis = 100;
// A history of 15 minutes with 512 series is 4 MB.
constexpr size_t kAnswerMax = 32 * 1024 * 1024;

bool wait_for(int fd, short events, int millis) {
  pollfd watched{fd, events, 0};
  return ::poll(&watched, 1, millis) > 0;
}

// Bytes appended; 0 at the end, below 0 for an error.
ssize_t read_more(int fd, std::string& into) {
  char bytes[16 * 1024];
  for (;;) {
    const ssize_t size = ::recv(fd, bytes, sizeof bytes, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size > 0) into.append(bytes, static_cast<size_t>(size));
    return size;
  }
}

int status_of(std::string_view head) {
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 12) return 0;
  return std::atoi(std::string(head.substr(9, 3)).c_str());
}

// Takes whole events off the front of `buffer`; false when the consumer has had enough.
bool deliver(std::string& buffer,
             const std::function<bool(std::string_view, std::string_view)>& on_event) {
  for (size_t end; (end = buffer.find("\n\n")) != std::string::npos;) {
    const std::string block = buffer.substr(0, end);
    buffer.erase(0, end + 2);
    std::string_view name;
    std::string_view data;
    std::string_view rest = block;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.starts_with("event: ")) name = line.substr(7);
      if (line.starts_with("data: ")) data = line.substr(6);
    }
    if (!data.empty() && !on_event(name, data)) return false;
  }
  return true;
}

}  // namespace

Expected<AdminClient> AdminClient::make(const std::string& address) {
  std::string text = address;
  if (text.starts_with("http://")) text.erase(0, 7);
  while (text.ends_with('/')) text.pop_back();
  if (text.starts_with(':')) text.insert(0, "127.0.0.1");
  const auto resolved = net::Address::resolve(text);
  if (!resolved) return Unexpected<Error>(resolved.error());
  return AdminClient(*resolved, text);
}

Error AdminClient::unreachable(const std::string& why) const {
  return {ErrorKind::kUnavailable, "no weir answers at " + name_ + ": " + why,
          "is 'weir proxy' running? --admin HOST:PORT names its admin address"};
}

Expected<net::Fd> AdminClient::send(std::string_view method, const std::string& target) const {
  auto connection = net::open_connection(address_);
  if (!connection) return Unexpected<Error>(unreachable(connection.error().message));
  const int fd = connection->get();
  if (!wait_for(fd, POLLOUT, kPatienceMillis))
    return Unexpected<Error>(unreachable("it does not accept the connection"));
  if (const int error = net::connect_error(fd))
    return Unexpected<Error>(unreachable(net::describe_errno(error)));
  // The name of a Unix socket is no Host; whoever may open it is on this machine.
  const std::string host = address_.is_unix() ? "localhost" : name_;
  const std::string request = std::string(method) + " " + target + " HTTP/1.1\r\nHost: " + host +
                              "\r\nX-Weir-Ctl: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  std::string_view rest = request;
  while (!rest.empty()) {
    const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN && wait_for(fd, POLLOUT, kPatienceMillis)) continue;
    if (sent <= 0) return Unexpected<Error>(unreachable(net::describe_errno(errno)));
    rest.remove_prefix(static_cast<size_t>(sent));
  }
  return std::move(*connection);
}

Expected<Reply> AdminClient::ask(std::string_view method, const std::string& target) const {
  const auto connection = send(method, target);
  if (!connection) return Unexpected<Error>(connection.error());
  std::string answer;
  for (;;) {
    if (!wait_for(connection->get(), POLLIN, kPatienceMillis))
      return Unexpected<Error>(unreachable("it does not answer"));
    const ssize_t size = read_more(connection->get(), answer);
    if (size == 0) break;
    if (size < 0 || answer.size() > kAnswerMax)
      return Unexpected<Error>(unreachable("the answer broke off"));
  }
  const size_t head = answer.find("\r\n\r\n");
  const int status = status_of(answer);
  if (head == answer.npos || status == 0)
    return Unexpected<Error>(unreachable("what answers there does not speak HTTP"));
  return Reply{status, answer.substr(head + 4)};
}

Expected<void> AdminClient::stream(
    const std::string& target,
    const std::function<bool(std::string_view, std::string_view)>& on_event,
    const std::function<bool()>& on_idle) const {
  const auto connection = send("GET", target);
  if (!connection) return Unexpected<Error>(connection.error());
  std::string buffer;
  bool has_head = false;
  for (;;) {
    if (!on_idle()) return {};
    if (!wait_for(connection->get(), POLLIN, kIdleMillis)) continue;
    const ssize_t size = read_more(connection->get(), buffer);
    if (size <= 0 || buffer.size() > kAnswerMax)
      return Unexpected<Error>(unreachable("the stream broke off"));
    if (!has_head) {
      const size_t head = buffer.find("\r\n\r\n");
      if (head == buffer.npos) continue;
      const int status = status_of(buffer);
      buffer.erase(0, head + 4);
      if (status != 200) return Unexpected<Error>(error_of({status, buffer}));
      has_head = true;
    }
    if (!deliver(buffer, on_event)) return {};
  }
}

std::string percent_encoded(std::string_view text) {
  constexpr const char* kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
    if (is_plain)
      out += c;
    else
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return out;
}

Error error_of(const Reply& reply) {
  const auto kind = reply.status / 100 == 4 ? ErrorKind::kUsage : ErrorKind::kUnavailable;
  const auto json = nlohmann::json::parse(reply.body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_string())
    return {kind, json["error"].get<std::string>(), json.value("remedy", "")};
  return {kind, "weir answered with status " + std::to_string(reply.status),
          "is this the admin address, and the same version?"};
}

}  // namespace weir::console
