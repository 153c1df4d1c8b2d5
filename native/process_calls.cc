#include "process_calls.h"

#include <sys/file.h>

#include <cerrno>
#ifdef __GLIBC__
#include <malloc.h>
#endif

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

Napi::Value trim_memory(const Napi::CallbackInfo &info) {
#ifdef __GLIBC__
	return Napi::Boolean::New(info.Env(), malloc_trim(0) == 1);
#else
	return Napi::Boolean::New(info.Env(), false);
#endif
}

} // namespace telegen
