// Journal: an append-only log of records in segment files. One writer thread groups what many calls
// append at the same time into one write.
//
// Floor    2. serving/ appends one record per call; every consumer reads with Reader.
// Owner    app/ opens one per data folder; a second open of the same folder fails (flock).
// Threads  append() from any I/O thread; it never blocks it. Reader: one thread, any process, also
//          while a writer appends.
// Durable  when append() returns, the record survives kill -9 of this process. Power loss: nothing
//          acknowledged is lost with Sync::always; at most sync_interval with Sync::interval.
// Errors   append: resource_exhausted (queue_bytes are waiting), unavailable (the disk refused; every
//          later append fails too until the folder is writable again and a retry succeeds).
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "config/settings.h"
#include "exec/task.h"

namespace forebay::journal {

// What open() found and mended.
struct Recovery {
    std::uint64_t records = 0;     // whole records in the last segment
    std::uint64_t torn_bytes = 0;  // cut from its end; 0 when it was clean
    std::string torn_segment;      // the file that was cut
    std::uint64_t damages = 0;     // places in it that cannot be read although records follow
    std::string damaged_segment;   // that file: kept as it is, writing goes on in a new one
};

struct Stats {
    std::uint64_t records = 0;           // written by this process
    std::uint64_t bytes = 0;             // written by this process, with headers
    std::uint64_t batches = 0;           // write calls; records / batches is the group size
    std::uint64_t queued_bytes = 0;      // waiting now
    std::uint64_t refused = 0;           // appends refused because the queue was full
    std::uint64_t failures = 0;          // writes or syncs that the kernel refused
    std::uint64_t segments = 0;          // files in the folder
    std::uint64_t last_sync_micros = 0;  // how long the last fdatasync took
};

class Journal {
public:
    // Opens the folder (created if missing), cuts a torn tail and starts the writer thread. Blocks.
    static Result<std::unique_ptr<Journal>> open_blocking(const std::string& folder, config::JournalSettings settings);
    virtual ~Journal() = default;

    // Appends one record (at most 64 MiB) and resumes the caller, on its own thread, once it is
    // written as `sync` says. Returns the record's sequence number, from 1 and without gaps. The
    // caller's cancellation does not withdraw it.
    virtual exec::Task<Result<std::uint64_t>> append(std::string record) = 0;

    virtual const Recovery& recovery() const = 0;
    virtual Stats stats() const = 0;

    // Writes what is queued, syncs and closes. Appends after it fail with unavailable. Blocks.
    virtual void stop_blocking() = 0;
};

}  // namespace forebay::journal
