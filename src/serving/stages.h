// The stages of a call, one file each; call.cpp lists them in order.
#pragma once
#include "serving/call.h"

namespace forebay::serving {

// admit: the configuration revision that the call lives with, and the targets of its model.
// not_found: no such model.
Result<void> admit(const Services& services, Call& call);

// generate: asks the targets in order until one answers, and passes a stream on. Leaves what must not be
// sent before the record in call.pending.
exec::Task<Result<void>> generate(const Services& services, Call& call);

// record: writes the journal record. The call's last bytes wait for it.
exec::Task<Result<void>> record(const Services& services, Call& call);

// deliver: the last bytes.
exec::Task<void> deliver(Call& call);

}  // namespace forebay::serving
