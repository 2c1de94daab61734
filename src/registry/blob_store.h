// Blob store: files under the SHA-256 of their bytes, in one folder. A blob is whole or absent, and never changes.
//
// How      a file is copied beside its place while it is hashed, synced, made read-only and renamed; then the folder is
//          synced. A copy that a crash left behind is removed by the next open: its lock is free.
// Threads  any; every method blocks. Several processes may share the folder.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::registry {

class BlobStore {
public:
    // `folder` is created when missing, with those above it. unavailable: the reason the system gave.
    static Result<BlobStore> open_blocking(const std::string& folder);

    struct Blob {
        std::string digest;
        std::uint64_t bytes = 0;
    };
    // Copies `file` in. Bytes that are there already are put in their place again, which mends a damaged blob.
    // not_found; invalid_argument: it is no regular file, or empty; unavailable: the reason the system gave.
    Result<Blob> put_blocking(const std::string& file) const;
    // Where the blob is, whether it exists or not.
    std::string path_of(std::string_view digest) const;
    // Reads the blob: whether it is there and has its digest.
    bool holds_blocking(std::string_view digest) const;

private:
    explicit BlobStore(std::string folder) : folder_(std::move(folder)) {}
    Result<void> remove_abandoned_blocking() const;

    std::string folder_;  // absolute
};

}  // namespace forebay::registry
