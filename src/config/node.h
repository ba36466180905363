// Node: a parsed YAML document with the place of everything, for messages that point at it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

/// Counted from 1.
struct Place {
  int line = 1;
  int column = 1;
};

struct Member;

struct Node {
  enum class Kind : uint8_t { kNothing, kScalar, kSequence, kMapping };

  Kind kind = Kind::kNothing;
  Place place;
  std::string text;             ///< of a scalar
  std::vector<Node> items;      ///< of a sequence
  std::vector<Member> members;  ///< of a mapping, in the order of the file
};

struct Member {
  Node key;
  Node value;
};

/// Everything that is wrong with one file, not only the first thing.
class Diagnostics {
 public:
  /// `file` as messages name it; `source` is its text, for the code frames.
  Diagnostics(std::string file, std::string_view source);

  void report(Place place, std::string message) { add(place, Severity::kError, message); }
  /// What can be run, but hardly means what it says.
  void warn(Place place, std::string message) { add(place, Severity::kWarning, message); }
  /// No errors; there may be warnings.
  bool ok() const noexcept { return errors_ == 0; }
  /// Errors so far.
  size_t count() const noexcept { return errors_; }

  /// For each problem, in the order of the file, a line "file:line:column: error: …" and the line
  /// it is about with a mark below the place.
  std::string render() const;

 private:
  enum class Severity : uint8_t { kError, kWarning };
  struct Problem {
    Place place;
    Severity severity;
    std::string message;
  };

  void add(Place place, Severity severity, const std::string& message);

  std::string file_;
  std::vector<std::string> lines_;
  std::vector<Problem> problems_;
  size_t errors_ = 0;
};

/// Parses one document. Syntax errors, duplicate keys, anchors and keys that are not plain words
/// are reported; what could be read is returned all the same. Never throws.
Node parse_yaml(std::string_view source, Diagnostics& diagnostics);

}  // namespace weir::config
