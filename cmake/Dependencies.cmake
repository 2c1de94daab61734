# Every native dependency, found once. Debian packages: third_party/packages.txt. llama.cpp: third_party/llama.sh.
# Rank files of OpenAI's tokenizers: third_party/rank_files.sh.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)

# Asio without its type-erased default executor on the hot path, and without deprecated names.
add_library(forebay_asio INTERFACE)
target_link_libraries(forebay_asio INTERFACE Boost::headers OpenSSL::SSL Threads::Threads)
target_compile_definitions(forebay_asio INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION)

include(Llama)
include(RankFiles)
