# Runs the port by `cmake -P`, with stand-ins of our own for the helpers of vcpkg that it calls: each
# does what its manual says that it does, no more. PORT_DIR, WORK_DIR and GENERATOR are given.
cmake_minimum_required(VERSION 3.14)
set(PORT llmobs)
set(CURRENT_PORT_DIR "${PORT_DIR}")
set(CURRENT_PACKAGES_DIR "${WORK_DIR}/packages")
set(build "${WORK_DIR}/buildtree")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_QUIET)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed (${result}): ${ARGN}")
  endif()
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "vcpkg_cmake_configure: ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  run("${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${arg_SOURCE_PATH}" -B "${build}"
    "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}" ${arg_OPTIONS})
endfunction()

function(vcpkg_cmake_install)
  run("${CMAKE_COMMAND}" --build "${build}" --target install)
endfunction()

# Moves the configuration to share/PORT, where the way back to the prefix is one shorter.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
  set(from "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}")
  if(NOT EXISTS "${from}")
    message(FATAL_ERROR "${from} is not there")
  endif()
  file(GLOB files "${from}/*")
  foreach(path ${files})
    get_filename_component(name "${path}" NAME)
    file(READ "${path}" text)
    string(REPLACE
      [[get_filename_component(PACKAGE_PREFIX_DIR "${CMAKE_CURRENT_LIST_DIR}/../../../" ABSOLUTE)]]
      [[get_filename_component(PACKAGE_PREFIX_DIR "${CMAKE_CURRENT_LIST_DIR}/../../" ABSOLUTE)]]
      text "${text}")
    file(WRITE "${CURRENT_PACKAGES_DIR}/share/${PORT}/${name}" "${text}")
  endforeach()
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/cmake")
endfunction()

# What it looks for: a file that would point to where it was built.
function(vcpkg_fixup_pkgconfig)
  file(GLOB_RECURSE files "${CURRENT_PACKAGES_DIR}/*.pc")
  foreach(path ${files})
    file(READ "${path}" text)
    string(FIND "${text}" "${CURRENT_PACKAGES_DIR}" place)
    if(NOT place EQUAL -1)
      message(FATAL_ERROR "${path} holds ${CURRENT_PACKAGES_DIR}")
    endif()
  endforeach()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  file(READ "${arg_FILE_LIST}" text)
  file(WRITE "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" "${text}")
endfunction()

include("${PORT_DIR}/portfile.cmake")

# What vcpkg looks for after a port.
foreach(wanted copyright usage llmobsConfig.cmake llmobsConfigVersion.cmake)
  if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/share/${PORT}/${wanted}")
    message(FATAL_ERROR "share/${PORT}/${wanted} is not there")
  endif()
endforeach()
foreach(unwanted debug lib/cmake share/cmake share/man share/doc)
  if(EXISTS "${CURRENT_PACKAGES_DIR}/${unwanted}")
    message(FATAL_ERROR "${unwanted} is there")
  endif()
endforeach()
