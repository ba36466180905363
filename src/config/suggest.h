// "Did you mean": the nearest known word to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

/// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `word`,
/// or "" when none is near: at most two edits, and fewer than half of the word's letters.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace weir::config
