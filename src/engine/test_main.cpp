// The tests' own main: probing CPU back ends starts this program as `engine_test prove-cpu FILE`.
#include <gtest/gtest.h>

#include <string_view>

#include "engine/engine.h"

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "prove-cpu") return forebay::engine::prove_cpu_main(argv[2]);
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
