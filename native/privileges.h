// Who this process is, and what it may do: of all its threads, those of Node.js included.
#pragma once

#include "napi_setup.h"

namespace telegen {

// switchUser(name): becomes the user (a name or a number) with its groups, on all threads. Of the capabilities the
// calling thread alone keeps its own; needs CAP_SETUID and CAP_SETGID. Returns {uid, gid}.
Napi::Value switch_user(const Napi::CallbackInfo &info);

// limitCapabilities(keep): from now on no thread has a capability that is not in the list of numbers, none can be won back
// (no new privileges), and the process cannot be dumped or traced by its own user. Returns the number of threads.
Napi::Value limit_capabilities(const Napi::CallbackInfo &info);

} // namespace telegen
