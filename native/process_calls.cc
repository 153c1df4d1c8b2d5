#include "process_calls.h"

#include <sys/file.h>

#include <cerrno>

#include "arguments.h"
#include "kernel_error.h"

namespace telegen {

Napi::Value lock_file(const Napi::CallbackInfo &info) {
	uint32_t fd = 0;
	if (!want_u32(info, 0, &fd))
		return info.Env().Undefined();
	if (flock(static_cast<int>(fd), LOCK_EX | LOCK_NB) == 0)
		return Napi::Boolean::New(info.Env(), true);
	if (errno == EWOULDBLOCK)
		return Napi::Boolean::New(info.Env(), false);
	return kernel_error(info.Env(), "flock", errno);
}

} // namespace telegen
