#include "config/readers.h"

#include <algorithm>

#include "config/suggest.h"

namespace weir::config {
namespace {

// What a parser of values.h makes of a scalar's text.
template <typename U>
bool read_parsed(const Node& node, Diagnostics& diagnostics, const char* what,
                 std::optional<U> (*parse)(std::string_view), U& value) {
  const auto parsed = node.kind == Node::Kind::kScalar ? parse(node.text) : std::nullopt;
  if (!parsed) return expect(node, diagnostics, what), false;
  value = *parsed;
  return true;
}

template <typename U>
Form<U> parsed_form(const char* type, const char* pattern, const char* what,
                    std::optional<U> (*parse)(std::string_view),
                    std::function<std::string(const U&)> show) {
  return {type, text_schema(pattern),
          [what, parse](const Node& node, Diagnostics& out, U& value) {
            return read_parsed(node, out, what, parse, value);
          },
          std::move(show)};
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

}  // namespace

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text;
}

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

Schema text_schema(const char* pattern) {
  return [pattern](observe::JsonWriter& json) {
    json.member("type", "string");
    if (pattern != nullptr) json.member("pattern", pattern);
  };
}

Schema integer_schema(int64_t min, int64_t max) {
  return [min, max](observe::JsonWriter& json) {
    json.member("type", "integer");
    json.member("minimum", min);
    json.member("maximum", max);
  };
}

Schema choice_schema(std::vector<std::string> names) {
  return [names = std::move(names)](observe::JsonWriter& json) {
    json.key("enum");
    json.begin_array();
    for (const std::string& name : names) json.value(std::string_view(name));
    json.end_array();
  };
}

Schema object_schema() {
  return [](observe::JsonWriter& json) { json.member("type", "object"); };
}

Schema list_schema(Schema of_item) {
  return [of_item = std::move(of_item)](observe::JsonWriter& json) {
    json.member("type", "array");
    json.key("items");
    json.begin_object();
    of_item(json);
    json.end_object();
  };
}

Schema one_or_list_schema(Schema of_item) {
  return [of_item = std::move(of_item)](observe::JsonWriter& json) {
    json.key("anyOf");
    json.begin_array();
    json.begin_object();
    of_item(json);
    json.end_object();
    json.begin_object();
    list_schema(of_item)(json);
    json.end_object();
    json.end_array();
  };
}

Schema named_schema(Schema of_value) {
  return [of_value = std::move(of_value)](observe::JsonWriter& json) {
    json.member("type", "object");
    json.key("additionalProperties");
    json.begin_object();
    of_value(json);
    json.end_object();
  };
}

Form<std::string> text_form() {
  return {"a text", text_schema(nullptr), &read_text,
          [](const std::string& value) { return value; }};
}

Form<Duration> duration_form() {
  return parsed_form<Duration>("a time", kDurationPattern,
                               "a length of time; write a number and its unit, as in 100ms or 5s",
                               &parse_duration,
                               [](const Duration& value) { return format_duration(value); });
}

Form<size_t> size_form() {
  return parsed_form<size_t>("a size", kSizePattern,
                             "a size; write a number and its unit, as in 64MiB", &parse_size,
                             [](const size_t& value) { return format_size(value); });
}

Form<double> percent_form() {
  return parsed_form<double>("a percentage", kPercentPattern, "a share from 0% to 100%, as in 25%",
                             &parse_percent,
                             [](const double& value) { return format_percent(value); });
}

Form<double> rate_form() {
  return parsed_form<double>(
      "a rate", kRatePattern, "a rate; write a number and its unit, as in 3200/s or 90/m",
      &parse_rate, [](const double& value) { return format_number(value) + "/s"; });
}

Form<bool> boolean_form() {
  Form<bool> form = parsed_form<bool>("true or false", nullptr, "true or false", &parse_boolean,
                                      [](const bool& value) { return value ? "true" : "false"; });
  form.schema = [](observe::JsonWriter& json) { json.member("type", "boolean"); };
  return form;
}

Form<double> number_form(double min, double max) {
  Form<double> form;
  form.type = format_number(min) + " to " + format_number(max);
  form.schema = [min, max](observe::JsonWriter& json) {
    json.member("type", "number");
    json.member("minimum", min);
    json.member("maximum", max);
  };
  form.read = [min, max, what = "a number from " + form.type](const Node& node, Diagnostics& out,
                                                              double& value) {
    const auto parsed = node.kind == Node::Kind::kScalar ? parse_number(node.text) : std::nullopt;
    if (!parsed || *parsed < min || *parsed > max) return expect(node, out, what), false;
    value = *parsed;
    return true;
  };
  form.show = [](const double& value) { return format_number(value); };
  return form;
}

Form<Located> located_form() {
  return {"a name", text_schema(nullptr),
          [](const Node& node, Diagnostics& out, Located& value) {
            value.place = node.place;
            return read_text(node, out, value.text);
          },
          [](const Located& value) { return value.text; }};
}

}  // namespace weir::config
