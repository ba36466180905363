// The dashboard's files, built from web/ and compiled in: the C++ build needs no Node, and the page
// needs no other machine.
#pragma once

#include <span>
#include <string_view>

namespace weir::admin {

struct Asset {
  std::string_view path;  ///< as asked for: "/", "/app.js"
  std::string_view content_type;
  std::string_view bytes;
};

/// All of them; static storage.
std::span<const Asset> dashboard_assets() noexcept;

}  // namespace weir::admin
