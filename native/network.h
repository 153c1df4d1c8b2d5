// Network interfaces of this process's network namespace, whatever /sys is mounted there.
#pragma once

#include "napi_setup.h"

namespace telegen {

// networkInterfaces(): [{name, index, type, up, driver, bus}]. `type` is ARPHRD_*; `bus` is empty for virtual ones.
Napi::Value network_interfaces(const Napi::CallbackInfo &info);

} // namespace telegen
