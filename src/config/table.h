// Table: the keys of one mapping, declared once; reading and the JSON schema both come from it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/node.h"
#include "config/values.h"
#include "observe/json.h"

namespace weir::config {

/// A text that remembers where it stood: a name that is looked up once the whole file is read.
struct Located {
  std::string text;
  Place place;
};

namespace detail {

// What does not depend on the type that is filled.
void expect(const Node& node, Diagnostics& diagnostics, const std::string& what);
void report_unknown(const Node& key, const std::vector<std::string>& known,
                    Diagnostics& diagnostics);
bool read_text(const Node& node, Diagnostics& diagnostics, std::string& value);
bool read_duration(const Node& node, Diagnostics& diagnostics, Duration& value);
bool read_size(const Node& node, Diagnostics& diagnostics, size_t& value);
bool read_integer(const Node& node, Diagnostics& diagnostics, int64_t min, int64_t max,
                  int64_t& value);
bool read_boolean(const Node& node, Diagnostics& diagnostics, bool& value);
bool read_number(const Node& node, Diagnostics& diagnostics, double min, double max, double& value);
bool read_percent(const Node& node, Diagnostics& diagnostics, double& value);
bool read_rate(const Node& node, Diagnostics& diagnostics, double& value);
bool read_located(const Node& node, Diagnostics& diagnostics, Located& value);
size_t read_choice(const Node& node, Diagnostics& diagnostics,
                   const std::vector<std::string>& names);

void schema_text(observe::JsonWriter& json, const char* pattern);
void schema_boolean(observe::JsonWriter& json);
void schema_number(observe::JsonWriter& json, double min, double max);
void schema_integer(observe::JsonWriter& json, int64_t min, int64_t max);
void schema_choice(observe::JsonWriter& json, const std::vector<std::string>& names);

}  // namespace detail

/// Describes how a mapping fills a T. Declare keys in the order of the documentation:
///   Table<Retry>().integer("attempts", &Retry::attempts, 1, 100, "Deliveries at first")
/// Keys that are not declared are errors with a suggestion. A key that is absent leaves its member
/// as it is, so defaults live in T alone. Copyable; constant once declared, safe from any thread.
template <typename T>
class Table {
 public:
  Table& text(const char* name, std::string T::*member, const char* doc) {
    return add(
        name, doc,
        [member](const Node& node, Diagnostics& out, T& into) {
          detail::read_text(node, out, into.*member);
        },
        [](observe::JsonWriter& json) { detail::schema_text(json, nullptr); });
  }

  /// One text, or a list of them.
  Table& texts(const char* name, std::vector<std::string> T::*member, const char* doc) {
    return add_list(name, doc, member, &detail::read_text, nullptr);
  }

  Table& duration(const char* name, Duration T::*member, const char* doc) {
    return add(
        name, doc,
        [member](const Node& node, Diagnostics& out, T& into) {
          detail::read_duration(node, out, into.*member);
        },
        [](observe::JsonWriter& json) { detail::schema_text(json, kDurationPattern); });
  }

  Table& durations(const char* name, std::vector<Duration> T::*member, const char* doc) {
    return add_list(name, doc, member, &detail::read_duration, kDurationPattern);
  }

  Table& size(const char* name, size_t T::*member, const char* doc) {
    return add(
        name, doc,
        [member](const Node& node, Diagnostics& out, T& into) {
          detail::read_size(node, out, into.*member);
        },
        [](observe::JsonWriter& json) { detail::schema_text(json, kSizePattern); });
  }

  Table& boolean(const char* name, bool T::*member, const char* doc) {
    return add(
        name, doc,
        [member](const Node& node, Diagnostics& out, T& into) {
          detail::read_boolean(node, out, into.*member);
        },
        [](observe::JsonWriter& json) { detail::schema_boolean(json); });
  }

  /// A number without a unit: a factor, an exponent.
  Table& number(const char* name, double T::*member, double min, double max, const char* doc) {
    return add(
        name, doc,
        [member, min, max](const Node& node, Diagnostics& out, T& into) {
          detail::read_number(node, out, min, max, into.*member);
        },
        [min, max](observe::JsonWriter& json) { detail::schema_number(json, min, max); });
  }

  /// A share, 0 to 1, written as a percentage.
  Table& percent(const char* name, double T::*member, const char* doc) {
    return add(
        name, doc,
        [member](const Node& node, Diagnostics& out, T& into) {
          detail::read_percent(node, out, into.*member);
        },
        [](observe::JsonWriter& json) { detail::schema_text(json, kPercentPattern); });
  }

  /// A number a second, written with its unit: 3200/s.
  Table& rate(const char* name, double T::*member, const char* doc) {
    return add(
        name, doc,
        [member](const Node& node, Diagnostics& out, T& into) {
          detail::read_rate(node, out, into.*member);
        },
        [](observe::JsonWriter& json) { detail::schema_text(json, kRatePattern); });
  }

  /// A name that refers to something else in the file.
  Table& located(const char* name, Located T::*member, const char* doc) {
    return add(
        name, doc,
        [member](const Node& node, Diagnostics& out, T& into) {
          detail::read_located(node, out, into.*member);
        },
        [](observe::JsonWriter& json) { detail::schema_text(json, nullptr); });
  }

  /// A value of a form of its own: how to read it, and how the schema describes it.
  template <typename U>
  Table& custom(const char* name, U T::*member, void (*reader)(const Node&, Diagnostics&, U&),
                void (*describe)(observe::JsonWriter&), const char* doc) {
    return add(
        name, doc,
        [member, reader](const Node& node, Diagnostics& out, T& into) {
          reader(node, out, into.*member);
        },
        describe);
  }

  template <typename Integer>
  Table& integer(const char* name, Integer T::*member, int64_t min, int64_t max, const char* doc) {
    return add(
        name, doc,
        [member, min, max](const Node& node, Diagnostics& out, T& into) {
          int64_t value = 0;
          if (detail::read_integer(node, out, min, max, value))
            into.*member = static_cast<Integer>(value);
        },
        [min, max](observe::JsonWriter& json) { detail::schema_integer(json, min, max); });
  }

  template <typename Enum>
  Table& choice(const char* name, Enum T::*member,
                std::vector<std::pair<std::string, Enum>> choices, const char* doc) {
    std::vector<std::string> names;
    for (const auto& [word, value] : choices) names.push_back(word);
    return add(
        name, doc,
        [member, choices, names](const Node& node, Diagnostics& out, T& into) {
          const size_t i = detail::read_choice(node, out, names);
          if (i < choices.size()) into.*member = choices[i].second;
        },
        [names](observe::JsonWriter& json) { detail::schema_choice(json, names); });
  }

  /// Any keys, each with a text: settings that are passed on.
  Table& settings(const char* name, std::map<std::string, std::string> T::*member,
                  const char* doc) {
    return add(
        name, doc,
        [member](const Node& node, Diagnostics& out, T& into) {
          if (node.kind != Node::Kind::kMapping) return detail::expect(node, out, "a mapping");
          for (const auto& [key, value] : node.members)
            detail::read_text(value, out, (into.*member)[key.text]);
        },
        [](observe::JsonWriter& json) { json.member("type", "object"); });
  }

  template <typename U>
  Table& table(const char* name, U T::*member, Table<U> keys, const char* doc) {
    return add(
        name, doc,
        [member, keys](const Node& node, Diagnostics& out, T& into) {
          keys.read(node, out, into.*member);
        },
        [keys](observe::JsonWriter& json) { keys.schema(json); });
  }

  /// A mapping that may be left out; then the member stays empty.
  template <typename U>
  Table& table(const char* name, std::optional<U> T::*member, Table<U> keys, const char* doc) {
    return add(
        name, doc,
        [member, keys](const Node& node, Diagnostics& out, T& into) {
          keys.read(node, out, (into.*member).emplace());
        },
        [keys](observe::JsonWriter& json) { keys.schema(json); });
  }

  template <typename U>
  Table& tables(const char* name, std::vector<U> T::*member, Table<U> keys, const char* doc) {
    return add(
        name, doc,
        [member, keys](const Node& node, Diagnostics& out, T& into) {
          if (node.kind != Node::Kind::kSequence) return detail::expect(node, out, "a list");
          for (const Node& item : node.items) keys.read(item, out, (into.*member).emplace_back());
        },
        [keys](observe::JsonWriter& json) {
          json.member("type", "array");
          json.key("items");
          json.begin_object();
          keys.schema(json);
          json.end_object();
        });
  }

  /// Any names, each with a mapping of the same keys.
  template <typename U>
  Table& named(const char* name, std::map<std::string, U> T::*member, Table<U> keys,
               const char* doc) {
    return add(
        name, doc,
        [member, keys](const Node& node, Diagnostics& out, T& into) {
          if (node.kind != Node::Kind::kMapping) return detail::expect(node, out, "a mapping");
          for (const auto& [key, value] : node.members)
            keys.read(value, out, (into.*member)[key.text]);
        },
        [keys](observe::JsonWriter& json) {
          json.member("type", "object");
          json.key("additionalProperties");
          json.begin_object();
          keys.schema(json);
          json.end_object();
        });
  }

  /// The keys of a part of T, on the level of this mapping.
  template <typename U>
  Table& merge(U T::*member, const Table<U>& keys) {
    for (const auto& key : keys.keys_) {
      const auto read_part = key.read;
      add(
          key.name.c_str(), key.doc,
          [member, read_part](const Node& node, Diagnostics& out, T& into) {
            read_part(node, out, into.*member);
          },
          key.schema);
      keys_.back().required = key.required;
    }
    for (const auto& check : keys.rules_)
      rules_.push_back([member, check](const T& whole) { return check(whole.*member); });
    return *this;
  }

  /// The key declared last must be there.
  Table& required() {
    keys_.back().required = true;
    return *this;
  }

  /// A rule over the whole mapping, checked after its keys; returns what is wrong, or nothing.
  Table& rule(std::function<std::string(const T&)> check) {
    rules_.push_back(std::move(check));
    return *this;
  }

  void read(const Node& node, Diagnostics& out, T& into) const {
    if (node.kind != Node::Kind::kMapping) return detail::expect(node, out, "a mapping");
    const size_t before = out.count();
    for (const auto& [key, value] : node.members) {
      if (const Key* known = find(key.text)) {
        known->read(value, out, into);
      } else {
        detail::report_unknown(key, names(), out);
      }
    }
    for (const Key& key : keys_)
      if (key.required && !contains(node, key.name))
        out.report(node.place, "'" + key.name + "' is missing");
    // Rules judge values; with half of them unreadable they would mislead.
    if (out.count() != before) return;
    for (const auto& check : rules_)
      if (std::string wrong = check(into); !wrong.empty()) out.report(node.place, wrong);
  }

  /// Writes the members of the JSON schema's object for this mapping.
  void schema(observe::JsonWriter& json) const {
    json.member("type", "object");
    json.member("additionalProperties", false);
    json.key("properties");
    json.begin_object();
    for (const Key& key : keys_) {
      json.key(key.name);
      json.begin_object();
      json.member("description", key.doc);
      key.schema(json);
      json.end_object();
    }
    json.end_object();
    json.key("required");
    json.begin_array();
    for (const Key& key : keys_)
      if (key.required) json.value(std::string_view(key.name));
    json.end_array();
  }

 private:
  template <typename>
  friend class Table;
  using Read = std::function<void(const Node&, Diagnostics&, T&)>;
  using Schema = std::function<void(observe::JsonWriter&)>;

  struct Key {
    std::string name;
    const char* doc;
    bool required;
    Read read;
    Schema schema;
  };

  Table& add(const char* name, const char* doc, Read read, Schema schema) {
    keys_.push_back({name, doc, false, std::move(read), std::move(schema)});
    return *this;
  }

  template <typename U>
  Table& add_list(const char* name, const char* doc, std::vector<U> T::*member,
                  bool (*read_one)(const Node&, Diagnostics&, U&), const char* pattern) {
    return add(
        name, doc,
        [member, read_one](const Node& node, Diagnostics& out, T& into) {
          std::vector<U> values;
          U value{};
          if (node.kind != Node::Kind::kSequence) {
            if (read_one(node, out, value)) values.push_back(value);
          } else {
            for (const Node& item : node.items)
              if (read_one(item, out, value)) values.push_back(value);
          }
          into.*member = std::move(values);
        },
        [pattern](observe::JsonWriter& json) {
          json.member("type", "array");
          json.key("items");
          json.begin_object();
          detail::schema_text(json, pattern);
          json.end_object();
        });
  }

  const Key* find(const std::string& name) const {
    for (const Key& key : keys_)
      if (key.name == name) return &key;
    return nullptr;
  }

  static bool contains(const Node& node, const std::string& name) {
    for (const auto& [key, value] : node.members)
      if (key.text == name) return true;
    return false;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Key& key : keys_) all.push_back(key.name);
    return all;
  }

  std::vector<Key> keys_;
  std::vector<std::function<std::string(const T&)>> rules_;
};

}  // namespace weir::config
