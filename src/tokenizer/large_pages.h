// Memory for look-ups all over it: in large pages where the kernel gives them, so that a look-up needs no walk through
// page tables of its own.
//
// Threads  as any container.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace forebay::tokenizer {

// `count` elements, all bytes zero. Throws as `new` does where there is no memory.
template <class T>
class LargePages {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
    explicit LargePages(std::size_t count) : size_(count * sizeof(T) + page) {
        mapped_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped_ == MAP_FAILED) throw std::bad_alloc();
        void* begin = mapped_;
        std::size_t left = size_;
        begin = std::align(page, count * sizeof(T), begin, left);
        // Before the first touch. It may be refused: then pages are small.
        ::madvise(begin, count * sizeof(T), MADV_HUGEPAGE);
        elements_ = static_cast<T*>(begin);
    }
    ~LargePages() { ::munmap(mapped_, size_); }
    LargePages(const LargePages&) = delete;
    LargePages& operator=(const LargePages&) = delete;

    T& operator[](std::size_t i) { return elements_[i]; }
    const T& operator[](std::size_t i) const { return elements_[i]; }
    T* data() { return elements_; }

private:
    static constexpr std::size_t page = std::size_t{2} << 20;
    std::size_t size_;
    void* mapped_ = nullptr;
    T* elements_ = nullptr;
};

}  // namespace forebay::tokenizer
