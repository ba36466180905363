// Readers: how one value is read from its node, what the JSON schema and the reference say of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/node.h"
#include "config/values.h"
#include "observe/json.h"

namespace weir::config {

/// Writes the members of a value's JSON schema.
using Schema = std::function<void(observe::JsonWriter&)>;

/// One way to write a U in a file.
template <typename U>
struct Form {
  std::string type;  ///< for people: "a time", "red or green"
  Schema schema;
  /// Fills the value; false, with a report, when the node does not hold one.
  std::function<bool(const Node&, Diagnostics&, U&)> read;
  std::function<std::string(const U&)> show;  ///< as it would be written
};

/// A text that remembers where it stood: a name that is looked up once the whole file is read.
struct Located {
  std::string text;
  Place place;
};

/// One line of the reference: a key with the path to it.
struct Row {
  std::string path;
  std::string type;
  std::string fallback;  ///< what holds without the key; empty: nothing to say
  std::string doc;
};
using Rows = std::vector<Row>;

/// Reports that the node is not `what`.
void expect(const Node& node, Diagnostics& diagnostics, const std::string& what);
void report_unknown(const Node& key, const std::vector<std::string>& known,
                    Diagnostics& diagnostics);

bool read_text(const Node& node, Diagnostics& diagnostics, std::string& value);
bool read_integer(const Node& node, Diagnostics& diagnostics, int64_t min, int64_t max,
                  int64_t& value);
/// The index of the word, or names.size() with a report.
size_t read_choice(const Node& node, Diagnostics& diagnostics,
                   const std::vector<std::string>& names);

Schema text_schema(const char* pattern);
Schema integer_schema(int64_t min, int64_t max);
Schema choice_schema(std::vector<std::string> names);
Schema object_schema();
Schema list_schema(Schema of_item);
Schema one_or_list_schema(Schema of_item);
Schema named_schema(Schema of_value);
/// "a, b or c"
std::string list_of(const std::vector<std::string>& words);

Form<std::string> text_form();
Form<Duration> duration_form();
Form<size_t> size_form();
Form<double> percent_form();
Form<double> rate_form();
Form<bool> boolean_form();
Form<double> number_form(double min, double max);
Form<Located> located_form();

template <typename Integer>
Form<Integer> integer_form(int64_t min, int64_t max) {
  Form<Integer> form;
  form.type = std::to_string(min) + " to " + std::to_string(max);
  form.schema = integer_schema(min, max);
  form.read = [min, max](const Node& node, Diagnostics& out, Integer& value) {
    int64_t number = 0;
    if (!read_integer(node, out, min, max, number)) return false;
    value = static_cast<Integer>(number);
    return true;
  };
  form.show = [](const Integer& value) { return std::to_string(value); };
  return form;
}

template <typename Enum>
Form<Enum> choice_form(std::vector<std::pair<std::string, Enum>> choices) {
  std::vector<std::string> names;
  for (const auto& [word, value] : choices) names.push_back(word);
  Form<Enum> form;
  form.type = list_of(names);
  form.schema = choice_schema(names);
  form.read = [choices, names](const Node& node, Diagnostics& out, Enum& value) {
    const size_t i = read_choice(node, out, names);
    if (i < choices.size()) value = choices[i].second;
    return i < choices.size();
  };
  form.show = [choices](const Enum& value) {
    for (const auto& [word, candidate] : choices)
      if (candidate == value) return word;
    return std::string();
  };
  return form;
}

}  // namespace weir::config
