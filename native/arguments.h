// Short checks of JavaScript arguments. TypeScript callers are typed: these only keep a wrong call from crashing.
#pragma once

#include <cstdint>
#include <string>

#include "napi_setup.h"

namespace telegen {

inline bool type_error(Napi::Env env, const char *what) {
	Napi::TypeError::New(env, std::string("argument must be ") + what).ThrowAsJavaScriptException();
	return false;
}

inline bool want_string(const Napi::CallbackInfo &info, size_t index, std::string *out) {
	if (info.Length() <= index || !info[index].IsString())
		return type_error(info.Env(), "a string");
	*out = info[index].As<Napi::String>().Utf8Value();
	return true;
}

inline bool want_u32(const Napi::CallbackInfo &info, size_t index, uint32_t *out) {
	if (info.Length() <= index || !info[index].IsNumber())
		return type_error(info.Env(), "a number");
	*out = info[index].As<Napi::Number>().Uint32Value();
	return true;
}

struct Bytes {
	uint8_t *data;
	size_t size;
};

inline bool want_bytes(const Napi::CallbackInfo &info, size_t index, Bytes *out) {
	if (info.Length() <= index || !info[index].IsTypedArray())
		return type_error(info.Env(), "a Uint8Array");
	void *data = nullptr;
	// Not by way of the ArrayBuffer: behind the array may be a SharedArrayBuffer.
	if (napi_get_typedarray_info(info.Env(), info[index], nullptr, nullptr, &data, nullptr, nullptr) != napi_ok)
		return type_error(info.Env(), "a Uint8Array");
	out->data = static_cast<uint8_t *>(data);
	out->size = info[index].As<Napi::TypedArray>().ByteLength();
	return true;
}

} // namespace telegen
