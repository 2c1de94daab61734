#pragma once

namespace forebay::gradients {

struct AdamSettings {
    double beta1 = 0.9;
    double beta2 = 0.98;
    double epsilon = 1e-8;
    double weight_decay = 0.01;  // of matrices only
    double clip = 1.0;           // of the global gradient norm; 0: never
};

}  // namespace forebay::gradients
