// Node-API as this addon uses it; include this instead of <napi.h>.
#pragma once

// A worker that is being terminated can take no exception: that must not abort the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#include <napi.h>

#include <initializer_list>

namespace telegen {

// Calls into JavaScript from outside of it. What is thrown there becomes an uncaught exception, as from any other
// callback; in an environment that is going away nothing happens.
inline void call_from_outside(Napi::Env env, napi_value function, std::initializer_list<napi_value> arguments) {
	napi_value undefined, result, error;
	napi_valuetype type;

	napi_get_undefined(env, &undefined);
	if (napi_call_function(env, undefined, function, arguments.size(), arguments.begin(), &result) !=
	    napi_pending_exception)
		return;
	// Termination leaves null where an error would be.
	if (napi_get_and_clear_last_exception(env, &error) == napi_ok && napi_typeof(env, error, &type) == napi_ok &&
	    type != napi_null && type != napi_undefined)
		napi_fatal_exception(env, error);
}

} // namespace telegen
