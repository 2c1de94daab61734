# Compiler, linker, warnings and sanitizers: the same for every target of ours.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Forebay is built with clang 19 or newer (g++ 12 miscompiles coroutines: "
                      "docs/decisions/0001-clang-19.md). Use a preset: cmake --preset release")
endif()

set(FOREBAY_SANITIZE "" CACHE STRING "sanitizers of this build: 'address,undefined', 'thread' or empty")

add_library(forebay_options INTERFACE)
target_compile_options(forebay_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Wthread-safety -Werror)
add_compile_options(-fno-omit-frame-pointer)
add_link_options(-fuse-ld=lld)

if(FOREBAY_SANITIZE)
  add_compile_options(-fsanitize=${FOREBAY_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FOREBAY_SANITIZE})
  if(FOREBAY_SANITIZE MATCHES "address")
    # Coverage instrumentation for the fuzz targets, which link these same libraries.
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
else()
  # Hardening that costs nothing measurable on the call path.
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
