#include "console/top_model.h"

#include <algorithm>

#include "console/report.h"

namespace weir::console {
namespace {

// The part of a line before its sparkline; the rest of the width shows the past, a second a column.
constexpr size_t kTextWidth = 50;
constexpr size_t kNameWidth = 10;

std::string string_of(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double highest(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

std::string rate(double value) {
  return count_text(std::max(0.0, value)) + "/s";
}

// Broken at blanks into at most `count` lines of `width` columns.
std::vector<std::string> wrapped(const std::string& text, size_t width, size_t count) {
  std::vector<std::string> lines(1);
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    const bool fits = lines.back().empty() || width_of(lines.back()) + 1 + width_of(word) <= width;
    if (!fits && lines.size() == count) {
      lines.back() += " …";
      break;
    }
    if (!fits) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

}  // namespace

void TopModel::on_event(std::string_view name, std::string_view data) {
  Json json = Json::parse(data, nullptr, false);
  if (json.is_discarded()) return;
  connected_ = true;
  if (name == "series") {
    series_ = std::move(json);
  } else if (name == "history" && json.is_object()) {
    if (!json.value("resumed", false)) {
      rows_.clear();
      refusals_.clear();
    }
    series_ = json.value("series", Json::array());
    for (Json& row : json["rows"]) rows_.push_back(std::move(row));
  } else if (name == "tick" && json.is_object()) {
    if (rows_.empty() || rows_.back()[0] < json["row"][0]) rows_.push_back(json["row"]);
    for (Json& refusal : json["refusals"]) refusals_.push_front(std::move(refusal));
    tick_ = std::move(json);
  }
  while (rows_.size() > kRowMax) rows_.pop_front();
  while (refusals_.size() > kRefusalMax) refusals_.pop_back();
}

std::vector<std::string> TopModel::upstreams() const {
  std::vector<std::string> names;
  if (!tick_.is_object()) return names;
  for (const Json& one : tick_.value("components", Json::array()))
    if (one.value("kind", "") == "limiter") names.push_back(string_of(one, "upstream"));
  return names;
}

std::string TopModel::upstream() const {
  const auto names = upstreams();
  return names.empty() ? "" : names[static_cast<size_t>(chosen_) % names.size()];
}

void TopModel::choose_next(int step) noexcept {
  const int count = std::max(1, static_cast<int>(upstreams().size()));
  chosen_ = (chosen_ + step + count) % count;
}

bool TopModel::is_ours(const Json& series) const {
  if (series.contains("upstream")) return series["upstream"] == upstream();
  if (!series.contains("route")) return true;
  const Json routes = tick_.is_object() ? tick_.value("routes", Json::array()) : Json::array();
  if (routes.empty()) return true;
  return std::any_of(routes.begin(), routes.end(), [&](const Json& route) {
    return route[0] == series["route"] && route[1] == upstream();
  });
}

TopModel::Line TopModel::values(std::string_view metric, std::string_view stat, size_t count,
                                std::string_view label, std::string_view value) const {
  std::vector<size_t> places;
  for (size_t i = 0; i < series_.size(); ++i) {
    const Json& one = series_[i];
    if (one.value("metric", "") != metric || one.value("stat", "") != stat || !is_ours(one))
      continue;
    if (!label.empty() && one.value(std::string(label), "") != value) continue;
    places.push_back(i + 1);
  }
  Line line;
  const size_t first = rows_.size() > count ? rows_.size() - count : 0;
  for (size_t i = first; i < rows_.size(); ++i) {
    double sum = -1;
    for (const size_t place : places) {
      if (place >= rows_[i].size() || !rows_[i][place].is_number()) continue;
      sum = std::max(0.0, sum) + rows_[i][place].get<double>();
    }
    line.push_back(sum);
  }
  return line;
}

double TopModel::last(std::string_view metric, std::string_view stat, std::string_view label,
                      std::string_view value) const {
  const Line line = values(metric, stat, 1, label, value);
  return line.empty() ? 0 : std::max(0.0, line.back());
}

const nlohmann::json* TopModel::component(std::string_view kind) const {
  if (!tick_.is_object() || !tick_.contains("components")) return nullptr;
  for (const Json& one : tick_["components"])
    if (one.value("kind", "") == kind && string_of(one, "upstream") == upstream()) return &one;
  return nullptr;
}

std::string TopModel::chart(std::string_view name, const std::string& figures, const Line& line,
                            double top, size_t columns, const Paint& paint) const {
  std::string out = paint.dim(pad(name, kNameWidth)) + figures;
  if (columns <= kTextWidth + 8) return fit(out, columns);
  const size_t room = columns - kTextWidth;
  const Line shown(line.end() - static_cast<std::ptrdiff_t>(std::min(line.size(), room)),
                   line.end());
  return pad(out, kTextWidth) + paint.with("36", pad_left(sparkline(shown, top), room));
}

std::string TopModel::title(size_t columns, const Paint& paint) const {
  const std::string version = tick_.is_object() ? string_of(tick_, "version") : "";
  const std::string left = paint.bold("weir " + version) + "  " + address_ + "  " + upstream();
  const std::string right = connected_ ? paint.good("live") : paint.bad("not connected");
  return pad(left, columns - std::min(columns, width_of(right))) + right;
}

std::string TopModel::requests_line(size_t columns, const Paint& paint) const {
  const double refused = last("weir_rejections_total", "rate");
  const double failed = last("weir_requests_total", "rate", "outcome", "failure") +
                        last("weir_requests_total", "rate", "outcome", "dropped");
  std::string figures =
      "served " + paint.bold(rate(last("weir_requests_total", "rate", "outcome", "success"))) +
      "  refused ";
  figures += refused > 0 ? paint.bad(rate(refused)) : rate(refused);
  figures += "  failed " + (failed > 0 ? paint.bad(rate(failed)) : rate(failed));
  const Line line = values("weir_requests_total", "rate", kRowMax);
  return chart("requests", figures, line, highest(line), columns, paint);
}

std::string TopModel::latency_line(size_t columns, const Paint& paint) const {
  const auto of = [&](const char* stat) {
    return seconds_text(last("weir_upstream_duration_seconds", stat));
  };
  const Line line = values("weir_upstream_duration_seconds", "p99", kRowMax);
  return chart("upstream",
               "p50 " + of("p50") + "  p95 " + of("p95") + "  p99 " + paint.bold(of("p99")), line,
               highest(line), columns, paint);
}

std::string TopModel::flight_line(size_t columns, const Paint& paint) const {
  const double inflight = last("weir_inflight", "value");
  const double limit = last("weir_concurrency_limit", "value");
  const double share = limit > 0 ? inflight / limit : 0;
  const std::string meter = bar(share, 16);
  const std::string figures = pad(count_text(inflight) + " of " + count_text(limit), 14) + "▕" +
                              (share >= 1     ? paint.bad(meter)
                               : share >= 0.8 ? paint.warn(meter)
                                              : paint.good(meter)) +
                              "▏";
  return chart("in flight", figures, values("weir_inflight", "value", kRowMax),
               highest(values("weir_concurrency_limit", "value", kRowMax)), columns, paint);
}

std::string TopModel::queue_line(size_t columns, const Paint& paint) const {
  const Line line = values("weir_queue_depth", "value", kRowMax);
  const std::string figures = pad(count_text(last("weir_queue_depth", "value")) + " of " +
                                      count_text(last("weir_queue_limit", "value")),
                                  14) +
                              " wait p99 " + seconds_text(last("weir_queue_wait_seconds", "p99"));
  return chart("queue", figures, line, highest(line), columns, paint);
}

std::string TopModel::success_line(const Paint& paint) const {
  std::string out = paint.dim(pad("success", kNameWidth));
  for (const char* priority : {"CRITICAL_PLUS", "CRITICAL", "SHEDDABLE_PLUS", "SHEDDABLE"}) {
    double all = 0;
    double good = 0;
    for (size_t i = 0; i < series_.size() && !rows_.empty(); ++i) {
      const Json& one = series_[i];
      if (one.value("metric", "") != "weir_requests_total" || !is_ours(one)) continue;
      if (one.value("priority", "") != priority || i + 1 >= rows_.back().size()) continue;
      const Json& value = rows_.back()[i + 1];
      if (!value.is_number()) continue;
      all += value.get<double>();
      if (one.value("outcome", "") == "success") good += value.get<double>();
    }
    if (all <= 0) continue;
    const std::string share = percent_text(good / all);
    out += std::string(priority) + " " +
           (good < all * 0.99 ? paint.bad(share) : paint.good(share)) + "  ";
  }
  return out;
}

std::string TopModel::other_line(const Paint& paint) const {
  std::string out = paint.dim(pad("also", kNameWidth));
  for (const char* kind : {"breaker", "retry_budget", "pool"}) {
    const Json* one = component(kind);
    if (one == nullptr) continue;
    std::string name = kind;
    std::replace(name.begin(), name.end(), '_', ' ');
    const std::string state = string_of(*one, "state");
    out += name + " ";
    if (!state.empty())
      out += (state == "closed" ? paint.good(state) : paint.bad(state)) + "  ";
    else
      out += count_text(one->value("value", 0.0)) + " of " + count_text(one->value("bound", 0.0)) +
             "  ";
  }
  return out;
}

std::vector<std::string> TopModel::frame(size_t columns, size_t rows, const Paint& paint) const {
  std::vector<std::string> lines{title(columns, paint)};
  const Json status = tick_.is_object() ? tick_.value("status", Json::object()) : Json::object();
  const std::string sentence =
      tick_.is_object() ? string_of(status, "sentence") : "Waiting for the first second …";
  const std::string sign = level_sign(string_of(status, "level"), paint) + " ";
  for (const std::string& line : wrapped(sentence, columns > 2 ? columns - 2 : 1, 2))
    lines.push_back((lines.size() == 1 ? sign : "  ") + paint.bold(line));
  lines.push_back("");
  lines.push_back(requests_line(columns, paint));
  lines.push_back(latency_line(columns, paint));
  lines.push_back(flight_line(columns, paint));
  lines.push_back(queue_line(columns, paint));
  lines.push_back(success_line(paint));
  lines.push_back(other_line(paint));
  lines.push_back("");
  lines.push_back(paint.bold(refusals_.empty() ? "nothing was refused" : "latest refusals"));
  for (const Json& refusal : refusals_) {
    if (lines.size() + 1 >= rows) break;
    std::string line = tap_line(refusal, paint);
    line.pop_back();
    lines.push_back(std::move(line));
  }
  if (lines.size() + 1 > rows) lines.resize(rows > 0 ? rows - 1 : 0);
  while (lines.size() + 1 < rows) lines.emplace_back();
  lines.push_back(paint.dim("q quit   ← → upstream"));
  for (std::string& line : lines) line = fit(line, columns);
  if (lines.size() > rows) lines.resize(rows);
  return lines;
}

}  // namespace weir::console
