# One target a folder. Sources are found by folder, so that adding a file touches no list.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)  # the streams conformance suite loads us into a JVM
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

set(WEIR_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined or thread")

# A test that hangs must end; a sanitizer slows the long ones down fifteen times.
set(WEIR_TEST_SECONDS_MAX 300)
if(WEIR_SANITIZE)
  set(WEIR_TEST_SECONDS_MAX 1200)
endif()

find_package(Threads REQUIRED)

# Flags that every target of the project shares; never exported to users of the library.
add_library(weir_flags INTERFACE)
target_compile_options(weir_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wswitch-enum -fno-omit-frame-pointer
  # With -fPIC, GCC otherwise inlines no function that another library could replace at run time.
  -fno-semantic-interposition)
if(WEIR_SANITIZE)
  target_compile_options(weir_flags INTERFACE -fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(weir_flags INTERFACE -fsanitize=${WEIR_SANITIZE})
  if(WEIR_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(weir_flags INTERFACE -Wno-tsan)
    add_library(weir_c11_threads OBJECT ${PROJECT_SOURCE_DIR}/cmake/tsan/c11_threads.cc)
    target_compile_options(weir_c11_threads PRIVATE -fsanitize=thread)
    target_link_libraries(weir_flags INTERFACE
      $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:weir_c11_threads>>)
  endif()
endif()

# weir_library(NAME [DEPENDS folder...] [LINKS target...])
# An engine folder: public headers in include/weir/NAME, sources (if any) in src/NAME.
function(weir_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINKS" ${ARGN})
  set(root ${PROJECT_SOURCE_DIR})
  file(GLOB sources CONFIGURE_DEPENDS ${root}/src/${name}/*.cc)
  list(TRANSFORM ARG_DEPENDS PREPEND weir_)
  if(sources)
    add_library(weir_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(weir_${name} PRIVATE $<BUILD_INTERFACE:weir_flags>)
  else()
    add_library(weir_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(weir::${name} ALIAS weir_${name})
  set_target_properties(weir_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(weir_${name} ${scope} cxx_std_20)
  target_include_directories(weir_${name} ${scope}
    $<BUILD_INTERFACE:${root}/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(weir_${name} ${scope} ${ARG_DEPENDS} ${ARG_LINKS} Threads::Threads)
  set(WEIR_INSTALLED_TARGETS ${WEIR_INSTALLED_TARGETS} weir_${name} PARENT_SCOPE)
endfunction()

# weir_host(NAME [DEPENDS folder...] [LINKS target...])
# A host folder: headers and sources together in src/NAME, included as "NAME/file.h", not installed.
function(weir_host name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  list(TRANSFORM ARG_DEPENDS PREPEND weir_)
  add_library(weir_${name} STATIC ${sources})
  target_include_directories(weir_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(weir_${name} PUBLIC ${ARG_DEPENDS} ${ARG_LINKS} Threads::Threads
    PRIVATE weir_flags)
endfunction()

# weir_tests(KIND): one executable for each folder of tests/KIND that has sources. It links the
# target of that name, and whatever the folder's deps.cmake adds by setting `links`.
function(weir_tests kind)
  file(GLOB folders LIST_DIRECTORIES true CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${kind}/*)
  foreach(folder IN LISTS folders)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
    cmake_path(GET folder FILENAME name)
    if(NOT sources OR NOT TARGET weir_${name})
      continue()
    endif()
    set(links)
    include(${folder}/deps.cmake OPTIONAL)
    set(target ${kind}_${name}_test)
    add_executable(${target} ${sources})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${target} PRIVATE weir_${name} ${links} weir_flags
      GTest::gtest GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${target} TEST_PREFIX "${kind}/${name}: "
      DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${kind} TIMEOUT ${WEIR_TEST_SECONDS_MAX})
  endforeach()
endfunction()
