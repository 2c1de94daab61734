# forebay_fuzz(NAME … SOURCE … DEPS …): a libFuzzer target, built only in the asan preset, run for
# FOREBAY_FUZZ_SECONDS from the kept corpus in tests/fuzz/corpus/NAME.
set(FOREBAY_FUZZ_SECONDS 10 CACHE STRING "how long each fuzz target runs in the tests")
function(forebay_fuzz)
  cmake_parse_arguments(F "" "NAME;SOURCE" "DEPS" ${ARGN})
  if(NOT FOREBAY_SANITIZE MATCHES "address")
    return()
  endif()
  add_executable(fuzz_${F_NAME} ${F_SOURCE})
  target_link_options(fuzz_${F_NAME} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_${F_NAME} PRIVATE forebay_options)
  foreach(dep IN LISTS F_DEPS)
    target_link_libraries(fuzz_${F_NAME} PRIVATE forebay_${dep})
  endforeach()
  set(found ${CMAKE_BINARY_DIR}/fuzz/${F_NAME})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME fuzz.${F_NAME}
    COMMAND fuzz_${F_NAME} -max_total_time=${FOREBAY_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=2048
            -artifact_prefix=${found}/ ${found} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${F_NAME})
  set_tests_properties(fuzz.${F_NAME} PROPERTIES LABELS fuzz TIMEOUT 300)
endfunction()
