include(GoogleTest)

# forebay_module(NAME … FLOOR n SOURCES … DEPS … EXTERNAL … TESTS … TEST_DEPS …)
# One static library per folder of src/. Stops the configure step when a module links to its own floor
# or to a higher one; publishes only its own headers, so that a module cannot see what it did not ask
# for. TESTS makes NAME_test beside it; TEST_DEPS are libraries for the tests alone.
function(forebay_module)
  cmake_parse_arguments(M "" "NAME;FLOOR" "SOURCES;DEPS;EXTERNAL;TESTS;TEST_DEPS" ${ARGN})
  set(view ${CMAKE_BINARY_DIR}/include_view/${M_NAME})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${view}/${M_NAME} SYMBOLIC)

  add_library(forebay_${M_NAME} STATIC ${M_SOURCES})
  target_include_directories(forebay_${M_NAME} PUBLIC ${view})
  set_property(TARGET forebay_${M_NAME} PROPERTY FOREBAY_FLOOR ${M_FLOOR})
  set_property(GLOBAL APPEND PROPERTY FOREBAY_MODULES ${M_NAME})
  foreach(dep IN LISTS M_DEPS)
    if(NOT TARGET forebay_${dep})
      message(FATAL_ERROR "${M_NAME} (floor ${M_FLOOR}) asks for '${dep}', which is not below it")
    endif()
    get_property(below TARGET forebay_${dep} PROPERTY FOREBAY_FLOOR)
    if(NOT below LESS M_FLOOR)
      message(FATAL_ERROR "${M_NAME} (floor ${M_FLOOR}) may not use ${dep} (floor ${below})")
    endif()
    target_link_libraries(forebay_${M_NAME} PUBLIC forebay_${dep})
  endforeach()
  target_link_libraries(forebay_${M_NAME} PUBLIC ${M_EXTERNAL} PRIVATE forebay_options)

  if(M_TESTS)
    add_executable(${M_NAME}_test ${M_TESTS})
    target_link_libraries(${M_NAME}_test PRIVATE forebay_${M_NAME} ${M_TEST_DEPS} forebay_options GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${M_NAME}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX ${M_NAME}. PROPERTIES TIMEOUT 120 LABELS unit)
  endif()
endfunction()
