#include "bridge/credits.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace weir::bridge {
namespace {

constexpr std::string_view kText = "TEXT ";
constexpr std::string_view kJson = "JSON ";
constexpr std::string_view kName = "named_metrics.weir_credits=";
// More in flight than any bridge may have.
constexpr double kCreditsMax = 1e9;

std::optional<uint32_t> whole(double credits) {
  if (!(credits >= 0 && credits <= kCreditsMax)) return std::nullopt;
  return static_cast<uint32_t>(credits);
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<uint32_t> in_text(std::string_view metrics) {
  while (!metrics.empty()) {
    const size_t comma = std::min(metrics.find(','), metrics.size());
    const std::string_view one = trimmed(metrics.substr(0, comma));
    metrics.remove_prefix(std::min(comma + 1, metrics.size()));
    if (!one.starts_with(kName)) continue;
    const std::string_view number = one.substr(kName.size());
    double credits = -1;
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), credits);
    if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
    return whole(credits);
  }
  return std::nullopt;
}

std::optional<uint32_t> in_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto metrics = json.find("named_metrics");
  if (metrics == json.end() || !metrics->is_object()) return std::nullopt;
  const auto credits = metrics->find("weir_credits");
  if (credits == metrics->end() || !credits->is_number()) return std::nullopt;
  return whole(credits->get<double>());
}

}  // namespace

std::optional<uint32_t> credits_in(std::string_view load_report) {
  if (load_report.starts_with(kText)) return in_text(load_report.substr(kText.size()));
  if (load_report.starts_with(kJson)) return in_json(load_report.substr(kJson.size()));
  return std::nullopt;
}

}  // namespace weir::bridge
