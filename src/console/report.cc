#include "console/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace weir::console {
namespace {

using Json = nlohmann::json;

constexpr size_t kGateWidth = 10;
constexpr size_t kVerdictWidth = 12;

std::string words(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double number_of(const Json& object, const char* name, double otherwise = 0) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : otherwise;
}

bool has_number(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number();
}

std::string verdict_text(const std::string& verdict, const Paint& paint) {
  if (verdict == "refused") return paint.bad("✕ refused");
  if (verdict == "failed") return paint.bad("! failed");
  if (verdict == "waited") return paint.warn("◷ waited");
  if (verdict == "passed") return paint.good("✓ passed");
  if (verdict == "not_reached") return paint.dim("· not reached");
  return paint.dim("– " + words(verdict));
}

std::string measure(double value, const std::string& unit) {
  if (unit == "milliseconds") return seconds_text(value / 1e3);
  if (unit == "percent") return count_text(value) + " %";
  return count_text(value);
}

std::string numbers_text(const Json& gate) {
  if (!has_number(gate, "value")) return "";
  const std::string unit = text_of(gate, "unit");
  std::string out = measure(number_of(gate, "value"), unit);
  if (has_number(gate, "bound")) out += " of " + measure(number_of(gate, "bound"), unit);
  if (unit != "milliseconds" && unit != "percent" && !unit.empty()) out += " " + unit;
  return out;
}

std::string result_text(const Json& told, const Paint& paint) {
  const std::string result = text_of(told, "result");
  const std::string reason = text_of(told, "reason");
  const std::string text = words(reason.empty() ? result : result + ": " + reason);
  if (!reason.empty() || result == "failure" || result == "dropped") return paint.bad(text);
  return result == "success" ? paint.good(text) : paint.dim(text);
}

std::string sign_of(const std::string& level) {
  if (level == "ok") return "✓";
  if (level == "rising") return "▲";
  if (level == "failing") return "!";
  if (level == "shedding") return "✕";
  if (level == "draining") return "⏻";
  return "○";
}

}  // namespace

std::string explanation_text(const Json& told, const Paint& paint) {
  std::string out =
      paint.bold("request " + text_of(told, "request_id")) + "  " + result_text(told, paint) + "\n";
  if (const std::string detail = text_of(told, "detail"); !detail.empty()) out += detail + "\n";
  out += paint.dim(clock_text(number_of(told, "time_ms")) + "  " + text_of(told, "method") + " " +
                   text_of(told, "path") + "  route " + text_of(told, "route") + " → " +
                   text_of(told, "upstream") + "  " + text_of(told, "priority")) +
         "\n";
  out += paint.dim("waited " + seconds_text(number_of(told, "queue_ms") / 1e3) + ", upstream " +
                   seconds_text(number_of(told, "upstream_ms") / 1e3) + ", in all " +
                   seconds_text(number_of(told, "total_ms") / 1e3)) +
         "\n\n";
  for (const Json& gate : told.value("gates", Json::array())) {
    const std::string verdict = text_of(gate, "verdict");
    out += pad(text_of(gate, "gate"), kGateWidth);
    out += pad(verdict_text(verdict, paint), kVerdictWidth + 2);
    const std::string numbers = numbers_text(gate);
    if (!numbers.empty()) out += paint.bold(numbers) + "  ";
    out += text_of(gate, "why") + "\n";
    const std::string change = text_of(gate, "change");
    if (verdict == "refused" && !change.empty())
      out += std::string(kGateWidth + kVerdictWidth + 2, ' ') +
             "to change it: " + paint.bold(change) + "\n";
  }
  const std::string reason = text_of(told, "reason");
  if (!reason.empty()) out += paint.dim("what to do: docs/howto/refusals/" + reason + ".md") + "\n";
  return out;
}

std::string tap_line(const Json& told, const Paint& paint) {
  std::string out = paint.dim(clock_text(number_of(told, "time_ms"))) + " ";
  out += pad(result_text(told, paint), 26) + " ";
  out += pad(text_of(told, "priority"), 14) + " " + pad(text_of(told, "route"), 12) + " ";
  out += pad_left(seconds_text(number_of(told, "total_ms") / 1e3), 8) + "  ";
  out += text_of(told, "method") + " " + text_of(told, "path") + "  ";
  return out + paint.dim(text_of(told, "request_id")) + "\n";
}

std::string level_sign(const std::string& level, const Paint& paint) {
  const std::string sign = sign_of(level);
  if (level == "ok") return paint.good(sign);
  if (level == "rising") return paint.warn(sign);
  if (level == "idle") return paint.dim(sign);
  return paint.bad(sign);
}

std::string status_text(const Json& status, const Paint& paint) {
  const Json& judged = status.at("status");
  std::string out = level_sign(text_of(judged, "level"), paint) + " " +
                    paint.bold(text_of(judged, "sentence")) + "\n";
  if (status.value("dry_run", false)) out += "  dry run: nobody is refused\n";
  for (const Json& one : status.value("components", Json::array())) {
    const double value = number_of(one, "value");
    const double bound = number_of(one, "bound", -1);
    std::string name = words(text_of(one, "kind"));
    if (const std::string own = text_of(one, "name"); !own.empty()) name += " " + own;
    out += "  " + pad(text_of(one, "upstream"), 20) + " " + pad(name, 20) + " ";
    const std::string state = text_of(one, "state");
    std::string numbers = state.empty() ? count_text(value) : words(state);
    if (state.empty() && bound >= 0) numbers += " of " + count_text(bound);
    out += pad(numbers, 16) + " " + paint.dim(text_of(one, "why")) + "\n";
  }
  return out;
}

}  // namespace weir::console
