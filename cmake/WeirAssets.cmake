# weir_embed(OUTPUT FOLDER): writes a C++ source that holds the dashboard's built files.
# Runs at configure time, so that the build needs neither Node nor a tool of its own.
function(weir_embed output folder)
  set(types "index.html=/=text/html\\\; charset=utf-8"
    "app.js=/app.js=text/javascript\\\; charset=utf-8"
    "app.css=/app.css=text/css\\\; charset=utf-8")
  set(arrays "")
  set(rows "")
  foreach(type IN LISTS types)
    string(REPLACE "=" ";" parts "${type}")
    list(GET parts 0 file)
    list(GET parts 1 path)
    string(REGEX REPLACE "^[^=]*=[^=]*=" "" content "${type}")
    string(REPLACE "\\;" ";" content "${content}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/${file})
    file(READ ${folder}/${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(MAKE_C_IDENTIFIER ${file} name)
    string(APPEND arrays "const unsigned char ${name}[] = {${bytes}};\n")
    string(APPEND rows "    {\"${path}\", \"${content}\", text(${name}, sizeof ${name})},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT [[
// Written by cmake/WeirAssets.cmake from web/dist.
#include "admin/assets.h"

namespace weir::admin {
namespace {

@arrays@
std::string_view text(const unsigned char* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::span<const Asset> dashboard_assets() noexcept {
  static const Asset kAssets[] = {
@rows@  };
  return kAssets;
}

}  // namespace weir::admin
]])
endfunction()
