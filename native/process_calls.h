// System calls that Node.js has no function for, and that concern this process as a whole.
#pragma once

#include "napi_setup.h"

namespace telegen {

// lockFile(fd): takes an exclusive flock(2) without waiting. False when somebody else has it. The lock goes with the
// descriptor, so at the latest with the process.
Napi::Value lock_file(const Napi::CallbackInfo &info);

} // namespace telegen
