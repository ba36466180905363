// TopModel: what `weir top` shows, as lines of text for a given size. No terminal, no I/O.
#pragma once

#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "console/paint.h"

namespace weir::console {

/// Fed with the events of /api/stream. Not thread-safe.
class TopModel {
 public:
  explicit TopModel(std::string address) : address_(std::move(address)) {}

  /// Unknown events and unreadable data are passed over.
  void on_event(std::string_view name, std::string_view data);
  void set_connected(bool connected) noexcept { connected_ = connected; }

  /// The next or the previous upstream.
  void choose_next(int step) noexcept;

  /// At most `rows` lines of at most `columns` columns. Readable from 40 x 10 on.
  std::vector<std::string> frame(size_t columns, size_t rows, const Paint& paint) const;

  static constexpr size_t kRowMax = 900;
  static constexpr size_t kRefusalMax = 100;

 private:
  using Json = nlohmann::json;
  using Line = std::vector<double>;

  std::vector<std::string> upstreams() const;
  std::string upstream() const;
  bool is_ours(const Json& series) const;
  /// The newest `count` sums over our series of that kind, oldest first; below zero: nothing.
  Line values(std::string_view metric, std::string_view stat, size_t count,
              std::string_view label = {}, std::string_view value = {}) const;
  double last(std::string_view metric, std::string_view stat, std::string_view label = {},
              std::string_view value = {}) const;
  const Json* component(std::string_view kind) const;

  std::string title(size_t columns, const Paint& paint) const;
  std::string requests_line(size_t columns, const Paint& paint) const;
  std::string latency_line(size_t columns, const Paint& paint) const;
  std::string flight_line(size_t columns, const Paint& paint) const;
  std::string queue_line(size_t columns, const Paint& paint) const;
  std::string success_line(const Paint& paint) const;
  std::string other_line(const Paint& paint) const;
  std::string chart(std::string_view name, const std::string& figures, const Line& line, double top,
                    size_t columns, const Paint& paint) const;

  std::string address_;
  bool connected_ = false;
  Json series_ = Json::array();
  std::deque<Json> rows_;
  Json tick_;
  std::deque<Json> refusals_;  // newest first
  int chosen_ = 0;
};

}  // namespace weir::console
