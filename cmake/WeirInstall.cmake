# `cmake --install` puts the command, the library, its headers and what find_package(weir) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(weir_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
install(TARGETS ${WEIR_INSTALLED_TARGETS} EXPORT weir-targets)
install(DIRECTORY include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT weir-targets NAMESPACE weir:: DESTINATION ${weir_package_dir})
configure_package_config_file(cmake/weir-config.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/weir-config.cmake INSTALL_DESTINATION ${weir_package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/weir-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weir-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/weir-config-version.cmake DESTINATION ${weir_package_dir})
