// Calls that Node.js has no function for, and that concern this process as a whole.
#pragma once

#include "napi_setup.h"

namespace telegen {

// lockFile(fd): takes an exclusive flock(2) without waiting. False when somebody else has it. The lock goes with the
// descriptor, so at the latest with the process.
Napi::Value lock_file(const Napi::CallbackInfo &info);

// trimMemory(): gives what malloc keeps of freed memory back to the system, of all threads' arenas (malloc_trim(3)). False when there
// was none, or the C library has no such call.
Napi::Value trim_memory(const Napi::CallbackInfo &info);

} // namespace telegen
