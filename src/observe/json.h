// JSON out: what logs, the admin API and reports need, and no parser.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::observe {

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so
/// that whatever a client sends, the line stays readable by a strict parser.
void append_json_string(std::string& out, std::string_view text);

/// Appends a number; JSON has no infinities and no NaN, so these become null.
void append_json_number(std::string& out, double value);

/// Writes one JSON document from its beginning to its end, commas included:
///   JsonWriter json; json.begin_object(); json.key("limit"); json.value(118.0); json.end_object();
/// Balancing begin and end is the caller's duty (asserted by text()).
class JsonWriter {
 public:
  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }

  void key(std::string_view name);
  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(double number);
  void value(int64_t number);
  void value(bool truth);
  void null();

  /// key and value in one.
  template <typename T>
  void member(std::string_view name, const T& content) {
    key(name);
    value(content);
  }

  /// The finished document; every begin has had its end.
  const std::string& text() const noexcept;

 private:
  void begin(char bracket);
  void end(char bracket);
  void separate();

  std::string out_;
  int depth_ = 0;
  bool needs_comma_ = false;
};

}  // namespace weir::observe
