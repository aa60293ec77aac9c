# llmobs::implementation: a static library of LLMOBS_IMPLEMENTATION_SOURCE, compiled where something
# links with it, once; as C++ where there is no C, or LLMOBS_IMPLEMENTATION_CXX is set. Options that every file must have (LLMOBS_NO_SCANNER, ...) are set by
#   target_compile_definitions(llmobs_implementation PUBLIC LLMOBS_NO_SCANNER)
if(TARGET llmobs::implementation OR NOT (CMAKE_C_COMPILER OR CMAKE_CXX_COMPILER))
  return()
endif()

add_library(llmobs_implementation STATIC EXCLUDE_FROM_ALL "${LLMOBS_IMPLEMENTATION_SOURCE}")
add_library(llmobs::implementation ALIAS llmobs_implementation)
target_link_libraries(llmobs_implementation PUBLIC llmobs::llmobs)
set_target_properties(llmobs_implementation PROPERTIES
  OUTPUT_NAME llmobs
  POSITION_INDEPENDENT_CODE ON) # it may go into a shared library
if(CMAKE_C_COMPILER AND NOT LLMOBS_IMPLEMENTATION_CXX)
  target_compile_features(llmobs_implementation PRIVATE c_std_11)
else()
  set_source_files_properties("${LLMOBS_IMPLEMENTATION_SOURCE}" PROPERTIES LANGUAGE CXX)
  set_target_properties(llmobs_implementation PROPERTIES LINKER_LANGUAGE CXX)
  target_compile_features(llmobs_implementation PRIVATE cxx_std_11)
endif()
