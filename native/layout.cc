#include "layout.h"

#include <bpf/libbpf.h>
#include <linux/types.h>

#include <cstddef>
#include <cstdint>
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

int64_t read_clock(clockid_t clock) {
	struct timespec now;
	clock_gettime(clock, &now);
	return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

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

Napi::Value possible_cpus(const Napi::CallbackInfo &info) {
	return Napi::Number::New(info.Env(), libbpf_num_possible_cpus());
}

Napi::Value monotonic_ns(const Napi::CallbackInfo &info) {
	return Napi::Number::New(info.Env(), static_cast<double>(read_clock(CLOCK_MONOTONIC)));
}

Napi::Value epoch_offset_ms(const Napi::CallbackInfo &info) {
	// Being preempted between two readings shows as a wide bracket; the narrowest of a few is right to well below 1 us.
	constexpr int READINGS = 4;
	int64_t narrowest = INT64_MAX;
	int64_t offset = 0;
	for (int i = 0; i < READINGS; i++) {
		int64_t before = read_clock(CLOCK_MONOTONIC);
		int64_t epoch = read_clock(CLOCK_REALTIME);
		int64_t width = read_clock(CLOCK_MONOTONIC) - before;
		if (width >= narrowest)
			continue;
		narrowest = width;
		offset = epoch - before - width / 2;
	}
	return Napi::Number::New(info.Env(), static_cast<double>(offset) / 1e6);
}

} // namespace telegen
