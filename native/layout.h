// What the C++ compiler makes of bpf/include/telegen/records.h, for the test that compares it with the generated
// TypeScript; and the clocks of the records.
#pragma once

#include "napi_setup.h"

namespace telegen {

// {"tg_head": {"size": 16, "fields": {"time_ns": 0, ...}}, ...}
Napi::Value layout(const Napi::CallbackInfo &info);

// CLOCK_MONOTONIC in nanoseconds: the clock of bpf_ktime_get_ns.
Napi::Value monotonic_ns(const Napi::CallbackInfo &info);

// What to add to that clock, in milliseconds with a fraction, to get the wall clock's epoch time as of now.
Napi::Value epoch_offset_ms(const Napi::CallbackInfo &info);

// CPUs that this kernel may have: the values of an entry of a per-CPU map.
Napi::Value possible_cpus(const Napi::CallbackInfo &info);

} // namespace telegen
