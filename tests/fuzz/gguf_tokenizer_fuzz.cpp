// The vocabulary of a GGUF file from hostile bytes; what is read is then encoded with.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tokenizer/gguf_tokenizer.h"
#include "use_vocabulary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const int file = ::memfd_create("fuzzed.gguf", MFD_CLOEXEC);
    static const std::string path = fmt::format("/proc/self/fd/{}", file);
    if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
    use_vocabulary(forebay::tokenizer::read_gguf_vocabulary_blocking(path));
    return 0;
}
