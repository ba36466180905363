# `cmake --install` puts the library, its headers and the package file that find_package(weir) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS ${WEIR_INSTALLED_TARGETS} EXPORT weir-targets)
install(DIRECTORY include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT weir-targets NAMESPACE weir:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
configure_package_config_file(cmake/weir-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/weir-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/weir-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weir-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/weir-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
