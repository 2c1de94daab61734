// Data folder: where one installation keeps its state, and what lies where in it.
#pragma once
#include <string>

#include "base/error.h"

namespace forebay::storage {

struct DataFolder {
    std::string path;

    std::string state_database() const { return path + "/state.db"; }
    std::string key_revision() const { return path + "/keys.revision"; }
    std::string journal() const { return path + "/journal"; }
    std::string registry() const { return path + "/registry"; }
    std::string training() const { return path + "/training"; }
    std::string tokenizers() const { return path + "/tokenizers"; }  // tables built of files, for faster starts
    std::string lock_file() const { return path + "/lock"; }         // held by the one server of this folder

    // Creates the folder for its owner alone (0700), with the folders above it; one that exists stays as it
    // is. invalid_argument: `path` is empty or not a folder; unavailable: the reason the system gave. Blocks.
    Result<void> create_blocking() const;
};

}  // namespace forebay::storage
