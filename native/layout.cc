#include "layout.h"

#include <linux/types.h>

#include <cstddef>
#include <ctime>

#include "telegen/records.h"

namespace telegen {

namespace {

struct Field {
	const char *type;
	const char *name;
	size_t offset;
};

struct Type {
	const char *name;
	size_t size;
};

#define TG_TYPE(type) {#type, sizeof(struct type)},
#define TG_FIELD(type, name)
constexpr Type TYPES[] = {
#include "layout_fields.gen.h"
};
#undef TG_TYPE
#undef TG_FIELD

#define TG_TYPE(type)
#define TG_FIELD(type, name) {#type, #name, offsetof(struct type, name)},
constexpr Field FIELDS[] = {
#include "layout_fields.gen.h"
};

} // namespace

Napi::Value layout(const Napi::CallbackInfo &info) {
	Napi::Object all = Napi::Object::New(info.Env());
	for (const Type &type : TYPES) {
		Napi::Object entry = Napi::Object::New(info.Env());
		entry.Set("size", Napi::Number::New(info.Env(), type.size));
		entry.Set("fields", Napi::Object::New(info.Env()));
		all.Set(type.name, entry);
	}
	for (const Field &field : FIELDS) {
		Napi::Object entry = all.Get(field.type).As<Napi::Object>();
		entry.Get("fields").As<Napi::Object>().Set(field.name, Napi::Number::New(info.Env(), field.offset));
	}
	return all;
}

Napi::Value monotonic_ns(const Napi::CallbackInfo &info) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return Napi::Number::New(info.Env(), static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec));
}

} // namespace telegen
