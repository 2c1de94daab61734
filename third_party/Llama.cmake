# llama.cpp as imported targets: forebay_llama (C API), forebay_llama_common (chat templates).
# third_party/llama.sh builds it and prints the prefix; configure only asks for it.
if(NOT FOREBAY_LLAMA_PREFIX)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/third_party/llama.sh
    OUTPUT_VARIABLE FOREBAY_LLAMA_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "llama.cpp could not be built: see the lines above")
  endif()
endif()
set(FOREBAY_LLAMA_PREFIX ${FOREBAY_LLAMA_PREFIX} CACHE PATH "where third_party/llama.sh installed llama.cpp" FORCE)

foreach(name ggml-base ggml llama llama-common)
  add_library(llama::${name} SHARED IMPORTED)
  set_target_properties(llama::${name} PROPERTIES
    IMPORTED_LOCATION ${FOREBAY_LLAMA_PREFIX}/lib/lib${name}.so
    INTERFACE_INCLUDE_DIRECTORIES ${FOREBAY_LLAMA_PREFIX}/include)
endforeach()
add_library(forebay_llama INTERFACE)
target_link_libraries(forebay_llama INTERFACE llama::llama llama::ggml llama::ggml-base)
add_library(forebay_llama_common INTERFACE)
target_link_libraries(forebay_llama_common INTERFACE llama::llama-common forebay_llama)
