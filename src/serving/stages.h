// The stages of a call, one file each; call.cpp lists them in order.
#pragma once
#include "serving/call.h"

namespace forebay::serving {

// admit: the configuration revision that the call lives with, and the targets of its model.
// not_found: no such model.
Result<void> admit(const Services& services, Call& call);

// measure: counts the prompt and finds the first target that it fits. invalid_argument: it fits none; both numbers are
// named. resource_exhausted: a large prompt, and too many are being counted.
exec::Task<Result<void>> measure(const Services& services, Call& call);

// Whether the prompt fits one of the call's targets; counts it when its counter has not. The same errors.
exec::Task<Result<void>> fits(const Services& services, Call& call, const Route& route);

// The count of the target that answered or was asked last; null when it does not count.
const Counted* find_counted(const Call& call);

// generate: asks the targets in order until one answers, and passes a stream on. Leaves what must not be
// sent before the record in call.pending.
exec::Task<Result<void>> generate(const Services& services, Call& call);

// record: writes the journal record. The call's last bytes wait for it.
exec::Task<Result<void>> record(const Services& services, Call& call);

// deliver: the last bytes.
exec::Task<void> deliver(Call& call);

}  // namespace forebay::serving
