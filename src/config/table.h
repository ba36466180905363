// Table: the keys of one mapping, declared once; reading, the JSON schema and the reference page
// all come from it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/node.h"
#include "config/readers.h"

namespace weir::config {

/// Describes how a mapping fills a T. Declare keys in the order of the documentation:
///   Table<Retry>().integer("attempts", &Retry::attempts, 1, 100, "Deliveries at first")
/// Keys that are not declared are errors with a suggestion. A key that is absent leaves its member
/// as it is, so defaults live in T alone. Copyable; constant once declared, safe from any thread.
template <typename T>
class Table {
 public:
  Table& text(const char* name, std::string T::*member, const char* doc) {
    return value(name, member, text_form(), doc);
  }
  Table& duration(const char* name, Duration T::*member, const char* doc) {
    return value(name, member, duration_form(), doc);
  }
  Table& size(const char* name, size_t T::*member, const char* doc) {
    return value(name, member, size_form(), doc);
  }
  /// A share, 0 to 1, written as a percentage.
  Table& percent(const char* name, double T::*member, const char* doc) {
    return value(name, member, percent_form(), doc);
  }
  /// A number a second, written with its unit: 3200/s.
  Table& rate(const char* name, double T::*member, const char* doc) {
    return value(name, member, rate_form(), doc);
  }
  /// "true" or "false", and no other word for it.
  Table& boolean(const char* name, bool T::*member, const char* doc) {
    return value(name, member, boolean_form(), doc);
  }
  /// A number without a unit: a factor, an exponent.
  Table& number(const char* name, double T::*member, double min, double max, const char* doc) {
    return value(name, member, number_form(min, max), doc);
  }
  /// A name that refers to something else in the file.
  Table& located(const char* name, Located T::*member, const char* doc) {
    return value(name, member, located_form(), doc);
  }

  template <typename Integer>
  Table& integer(const char* name, Integer T::*member, int64_t min, int64_t max, const char* doc) {
    return value(name, member, integer_form<Integer>(min, max), doc);
  }

  template <typename Enum>
  Table& choice(const char* name, Enum T::*member,
                std::vector<std::pair<std::string, Enum>> choices, const char* doc) {
    return value(name, member, choice_form(std::move(choices)), doc);
  }

  /// One text, or a list of them.
  Table& texts(const char* name, std::vector<std::string> T::*member, const char* doc) {
    return list(name, member, text_form(), doc);
  }
  Table& durations(const char* name, std::vector<Duration> T::*member, const char* doc) {
    return list(name, member, duration_form(), doc);
  }

  /// A value of a form of its own.
  template <typename U>
  Table& value(const char* name, U T::*member, Form<U> form, const char* doc) {
    Key& key = add(name, doc, form.type, form.schema);
    key.read = [member, read = form.read](const Node& node, Diagnostics& out, T& into) {
      read(node, out, into.*member);
    };
    key.show = [member, show = form.show](const T& from) { return show(from.*member); };
    return *this;
  }

  /// One value, or a list of them.
  template <typename U>
  Table& list(const char* name, std::vector<U> T::*member, Form<U> form, const char* doc) {
    Key& key = add(name, doc, form.type + ", or a list", one_or_list_schema(form.schema));
    key.read = [member, read = form.read](const Node& node, Diagnostics& out, T& into) {
      std::vector<U> values;
      U one{};
      if (node.kind != Node::Kind::kSequence) {
        if (read(node, out, one)) values.push_back(one);
      }
      for (const Node& item : node.items)
        if (read(item, out, one)) values.push_back(one);
      into.*member = std::move(values);
    };
    key.show = [member, show = form.show](const T& from) {
      std::string text;
      for (const U& one : from.*member) text += (text.empty() ? "" : ", ") + show(one);
      return text;
    };
    return *this;
  }

  /// A value of a form of its own: how to read it, and how the schema describes it.
  template <typename U>
  Table& custom(const char* name, U T::*member, void (*reader)(const Node&, Diagnostics&, U&),
                void (*describe)(observe::JsonWriter&), const char* doc, const char* type = "") {
    Key& key = add(name, doc, type, describe);
    key.read = [member, reader](const Node& node, Diagnostics& out, T& into) {
      reader(node, out, into.*member);
    };
    return *this;
  }

  /// Any keys, each with a text: settings that are passed on.
  Table& settings(const char* name, std::map<std::string, std::string> T::*member,
                  const char* doc) {
    Key& key = add(name, doc, "a mapping of texts", object_schema());
    key.read = [member](const Node& node, Diagnostics& out, T& into) {
      if (node.kind != Node::Kind::kMapping) return expect(node, out, "a mapping");
      for (const auto& [word, value] : node.members)
        read_text(value, out, (into.*member)[word.text]);
    };
    return *this;
  }

  /// A part of the file that another verb reads; anything is right here.
  Table& ignored(const char* name, const char* doc) {
    Key& key = add(name, doc, "anything", [](observe::JsonWriter&) {});
    key.read = [](const Node&, Diagnostics&, T&) {};
    return *this;
  }

  template <typename U>
  Table& table(const char* name, U T::*member, Table<U> keys, const char* doc) {
    Key& key =
        add(name, doc, "a mapping", [keys](observe::JsonWriter& json) { keys.schema(json); });
    key.read = [member, keys](const Node& node, Diagnostics& out, T& into) {
      keys.read(node, out, into.*member);
    };
    key.rows = [keys](const std::string& path, Rows& out) { keys.rows(path + ".", out); };
    return *this;
  }

  /// The same for a part that is not there unless the file has it.
  template <typename U>
  Table& table(const char* name, std::optional<U> T::*member, Table<U> keys, const char* doc) {
    Key& key =
        add(name, doc, "a mapping", [keys](observe::JsonWriter& json) { keys.schema(json); });
    key.read = [member, keys](const Node& node, Diagnostics& out, T& into) {
      keys.read(node, out, (into.*member).emplace());
    };
    key.rows = [keys](const std::string& path, Rows& out) { keys.rows(path + ".", out); };
    return *this;
  }

  template <typename U>
  Table& tables(const char* name, std::vector<U> T::*member, Table<U> keys, const char* doc) {
    Key& key = add(name, doc, "a list of mappings",
                   list_schema([keys](observe::JsonWriter& json) { keys.schema(json); }));
    key.read = [member, keys](const Node& node, Diagnostics& out, T& into) {
      if (node.kind != Node::Kind::kSequence) return expect(node, out, "a list");
      for (const Node& item : node.items) keys.read(item, out, (into.*member).emplace_back());
    };
    key.rows = [keys](const std::string& path, Rows& out) { keys.rows(path + "[].", out); };
    return *this;
  }

  /// Any names, each with a mapping of the same keys.
  template <typename U>
  Table& named(const char* name, std::map<std::string, U> T::*member, Table<U> keys,
               const char* doc) {
    Key& key = add(name, doc, "a mapping by name",
                   named_schema([keys](observe::JsonWriter& json) { keys.schema(json); }));
    key.read = [member, keys](const Node& node, Diagnostics& out, T& into) {
      if (node.kind != Node::Kind::kMapping) return expect(node, out, "a mapping");
      for (const auto& [word, value] : node.members)
        keys.read(value, out, (into.*member)[word.text]);
    };
    key.rows = [keys](const std::string& path, Rows& out) { keys.rows(path + ".NAME.", out); };
    return *this;
  }

  /// The keys of a part of T, on the level of this mapping.
  template <typename U>
  Table& merge(U T::*member, const Table<U>& keys) {
    for (const auto& part : keys.keys_) {
      Key& key = add(part.name.c_str(), part.doc, part.type, part.schema);
      key.required = part.required;
      key.rows = part.rows;
      key.read = [member, read = part.read](const Node& node, Diagnostics& out, T& into) {
        read(node, out, into.*member);
      };
      if (part.show)
        key.show = [member, show = part.show](const T& from) { return show(from.*member); };
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

  /// The place of the value of the key declared last is kept, for what is checked later.
  Table& placed(Place T::*place) {
    keys_.back().read = [place, read = keys_.back().read](const Node& node, Diagnostics& out,
                                                          T& into) {
      into.*place = node.place;
      read(node, out, into);
    };
    return *this;
  }
  /// The place of the mapping itself is kept.
  Table& place(Place T::*place) {
    place_ = place;
    return *this;
  }

  /// A rule over the whole mapping, checked after its keys; returns what is wrong, or nothing.
  Table& rule(std::function<std::string(const T&)> check) {
    rules_.push_back(std::move(check));
    return *this;
  }

  void read(const Node& node, Diagnostics& out, T& into) const {
    if (place_ != nullptr) into.*place_ = node.place;
    if (node.kind != Node::Kind::kMapping) return expect(node, out, "a mapping");
    const size_t before = out.count();
    for (const auto& [key, value] : node.members) {
      if (const Key* known = find(key.text)) {
        known->read(value, out, into);
      } else {
        report_unknown(key, names(), out);
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

  /// Adds a row for each key, and for those below it, with their defaults.
  void rows(const std::string& path, Rows& out) const {
    const T defaults{};
    for (const Key& key : keys_) {
      const std::string fallback = key.required ? "(required)"
                                   : key.show   ? key.show(defaults)
                                                : std::string();
      out.push_back({path + key.name, key.type, fallback, key.doc});
      if (key.rows) key.rows(path + key.name, out);
    }
  }

 private:
  template <typename>
  friend class Table;
  struct Key {
    std::string name;
    const char* doc;
    std::string type;
    Schema schema;
    bool required = false;
    std::function<void(const Node&, Diagnostics&, T&)> read{};
    std::function<std::string(const T&)> show{};            // none: no default to show
    std::function<void(const std::string&, Rows&)> rows{};  // none: nothing below it
  };

  Key& add(const char* name, const char* doc, std::string type, Schema schema) {
    return keys_.emplace_back(Key{name, doc, std::move(type), std::move(schema)});
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
  Place T::*place_ = nullptr;
};

}  // namespace weir::config
