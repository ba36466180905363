#include "config/node.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <utility>

namespace weir::config {
namespace {

// Deeper than any sensible file; a bound for the recursion.
constexpr int kDepthMax = 32;

Place place_of(const YAML::Mark& mark) {
  return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1};
}

class Converter {
 public:
  explicit Converter(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  Node convert(const YAML::Node& from, int depth) {
    Node node;
    node.place = place_of(from.Mark());
    if (depth > kDepthMax) {
      diagnostics_.report(node.place, "nested too deeply");
      return node;
    }
    switch (from.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: break;
      case YAML::NodeType::Scalar:
        node.kind = Node::Kind::kScalar;
        node.text = from.Scalar();
        break;
      case YAML::NodeType::Sequence:
        node.kind = Node::Kind::kSequence;
        for (const YAML::Node& item : from) node.items.push_back(convert(item, depth + 1));
        break;
      case YAML::NodeType::Map: convert_members(from, depth, node); break;
    }
    return node;
  }

 private:
  // yaml-cpp keeps duplicate keys and lets the first win without a word; iterating shows them.
  void convert_members(const YAML::Node& from, int depth, Node& node) {
    node.kind = Node::Kind::kMapping;
    for (const auto& member : from) {
      Node key = convert(member.first, depth + 1);
      if (key.kind != Node::Kind::kScalar) {
        diagnostics_.report(key.place, "a key must be a word");
        continue;
      }
      const bool seen = std::any_of(node.members.begin(), node.members.end(),
                                    [&](const auto& other) { return other.key.text == key.text; });
      if (seen) diagnostics_.report(key.place, "duplicate key '" + key.text + "'");
      node.members.push_back({std::move(key), convert(member.second, depth + 1)});
    }
  }

  Diagnostics& diagnostics_;
};

}  // namespace

Diagnostics::Diagnostics(std::string file, std::string_view source) : file_(std::move(file)) {
  for (size_t begin = 0; begin <= source.size();) {
    const size_t end = std::min(source.find('\n', begin), source.size());
    lines_.emplace_back(source.substr(begin, end - begin));
    begin = end + 1;
  }
}

void Diagnostics::add(Place place, Severity severity, const std::string& message) {
  problems_.push_back({place, severity, message});
  if (severity == Severity::kError) ++errors_;
}

std::string Diagnostics::render() const {
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return a.place.line != b.place.line ? a.place.line < b.place.line
                                        : a.place.column < b.place.column;
  });
  std::string text;
  for (const Problem& problem : sorted) {
    const Place at = problem.place;
    text += file_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) +
            (problem.severity == Severity::kError ? ": error: " : ": warning: ") + problem.message +
            "\n";
    if (at.line < 1 || static_cast<size_t>(at.line) > lines_.size()) continue;
    const std::string number = std::to_string(at.line);
    text += "  " + number + " | " + lines_[static_cast<size_t>(at.line - 1)] + "\n";
    text += "  " + std::string(number.size(), ' ') + " | " +
            std::string(static_cast<size_t>(at.column - 1), ' ') + "^\n";
  }
  return text;
}

Node parse_yaml(std::string_view source, Diagnostics& diagnostics) {
  try {
    return Converter(diagnostics).convert(YAML::Load(std::string(source)), 0);
  } catch (const YAML::Exception& error) {
    diagnostics.report(place_of(error.mark), error.msg);
  }
  return {};
}

}  // namespace weir::config
