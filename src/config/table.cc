#include "config/table.h"

#include <algorithm>

#include "config/suggest.h"

namespace weir::config::detail {
namespace {

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text;
}

}  // namespace

void expect(const Node& node, Diagnostics& diagnostics, const std::string& what) {
  const bool short_text = node.kind == Node::Kind::kScalar && node.text.size() <= 40;
  diagnostics.report(node.place,
                     (short_text ? "'" + node.text + "' is not " : "this is not ") + what);
}

void report_unknown(const Node& key, const std::vector<std::string>& known,
                    Diagnostics& diagnostics) {
  const std::string guess = nearest(key.text, known);
  diagnostics.report(key.place, "unknown key '" + key.text + "'; " +
                                    (guess.empty() ? "there are: " + list_of(known)
                                                   : "did you mean '" + guess + "'?"));
}

bool read_text(const Node& node, Diagnostics& diagnostics, std::string& value) {
  if (node.kind != Node::Kind::kScalar || node.text.empty())
    return expect(node, diagnostics, "a text"), false;
  value = node.text;
  return true;
}

bool read_duration(const Node& node, Diagnostics& diagnostics, Duration& value) {
  const auto parsed = node.kind == Node::Kind::kScalar ? parse_duration(node.text) : std::nullopt;
  if (!parsed) {
    expect(node, diagnostics, "a length of time; write a number and its unit, as in 100ms or 5s");
    return false;
  }
  value = *parsed;
  return true;
}

bool read_size(const Node& node, Diagnostics& diagnostics, size_t& value) {
  const auto parsed = node.kind == Node::Kind::kScalar ? parse_size(node.text) : std::nullopt;
  if (!parsed) {
    expect(node, diagnostics, "a size; write a number and its unit, as in 64MiB");
    return false;
  }
  value = *parsed;
  return true;
}

bool read_integer(const Node& node, Diagnostics& diagnostics, int64_t min, int64_t max,
                  int64_t& value) {
  const auto parsed = node.kind == Node::Kind::kScalar ? parse_integer(node.text) : std::nullopt;
  if (!parsed || *parsed < min || *parsed > max) {
    expect(node, diagnostics,
           "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return false;
  }
  value = *parsed;
  return true;
}

bool read_boolean(const Node& node, Diagnostics& diagnostics, bool& value) {
  const bool truth = node.text == "true";
  if (node.kind != Node::Kind::kScalar || (!truth && node.text != "false"))
    return expect(node, diagnostics, "true or false"), false;
  value = truth;
  return true;
}

bool read_number(const Node& node, Diagnostics& diagnostics, double min, double max,
                 double& value) {
  const auto parsed = node.kind == Node::Kind::kScalar ? parse_number(node.text) : std::nullopt;
  if (!parsed || *parsed < min || *parsed > max) {
    std::string bounds = "a number from ";
    observe::append_json_number(bounds, min);
    bounds += " to ";
    observe::append_json_number(bounds, max);
    return expect(node, diagnostics, bounds), false;
  }
  value = *parsed;
  return true;
}

bool read_percent(const Node& node, Diagnostics& diagnostics, double& value) {
  const auto parsed = node.kind == Node::Kind::kScalar ? parse_percent(node.text) : std::nullopt;
  if (!parsed) return expect(node, diagnostics, "a share from 0% to 100%, as in 25%"), false;
  value = *parsed;
  return true;
}

bool read_rate(const Node& node, Diagnostics& diagnostics, double& value) {
  const auto parsed = node.kind == Node::Kind::kScalar ? parse_rate(node.text) : std::nullopt;
  if (!parsed) {
    expect(node, diagnostics, "a rate; write a number and its unit, as in 3200/s or 90/m");
    return false;
  }
  value = *parsed;
  return true;
}

bool read_located(const Node& node, Diagnostics& diagnostics, Located& value) {
  value.place = node.place;
  return read_text(node, diagnostics, value.text);
}

size_t read_choice(const Node& node, Diagnostics& diagnostics,
                   const std::vector<std::string>& names) {
  const auto found = node.kind == Node::Kind::kScalar
                         ? std::find(names.begin(), names.end(), node.text)
                         : names.end();
  if (found == names.end()) {
    const std::string guess = nearest(node.text, names);
    expect(node, diagnostics,
           "one of " + list_of(names) + (guess.empty() ? "" : "; did you mean '" + guess + "'?"));
  }
  return static_cast<size_t>(found - names.begin());
}

void schema_text(observe::JsonWriter& json, const char* pattern) {
  json.member("type", "string");
  if (pattern != nullptr) json.member("pattern", pattern);
}

void schema_boolean(observe::JsonWriter& json) {
  json.member("type", "boolean");
}

void schema_number(observe::JsonWriter& json, double min, double max) {
  json.member("type", "number");
  json.member("minimum", min);
  json.member("maximum", max);
}

void schema_integer(observe::JsonWriter& json, int64_t min, int64_t max) {
  json.member("type", "integer");
  json.member("minimum", min);
  json.member("maximum", max);
}

void schema_choice(observe::JsonWriter& json, const std::vector<std::string>& names) {
  json.key("enum");
  json.begin_array();
  for (const std::string& name : names) json.value(std::string_view(name));
  json.end_array();
}

}  // namespace weir::config::detail
