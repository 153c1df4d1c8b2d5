// The part of BpfObject that packet programs need: links to network interfaces, test runs, emptying of maps.
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "arguments.h"
#include "bpf_object.h"
#include "kernel_error.h"

namespace telegen {

namespace {

// Of linux/bpf.h since 6.6; the headers that we build against may be older.
constexpr auto TCX_INGRESS = static_cast<enum bpf_attach_type>(46);
constexpr auto TCX_EGRESS = static_cast<enum bpf_attach_type>(47);
constexpr uint32_t BEFORE_ALL = 1U << 3;

struct Attachment {
	const char *name;
	enum bpf_attach_type type;
	uint32_t flags;
};

// In front of other TC programs, so that what they drop is still seen.
constexpr Attachment ATTACHMENTS[] = {
	{"xdp-native", BPF_XDP, XDP_FLAGS_DRV_MODE},
	{"xdp-generic", BPF_XDP, XDP_FLAGS_SKB_MODE},
	{"tc-ingress", TCX_INGRESS, BEFORE_ALL},
	{"tc-egress", TCX_EGRESS, BEFORE_ALL},
};

} // namespace

// attachInterface(program, ifindex, way): returns a handle. The link goes with the object, the process or the interface.
Napi::Value BpfObject::attach_interface(const Napi::CallbackInfo &info) {
	struct bpf_program *found = program(info);
	uint32_t ifindex = 0;
	std::string way;
	if (!found || !want_u32(info, 1, &ifindex) || !want_string(info, 2, &way))
		return info.Env().Undefined();
	const auto *attachment = std::find_if(std::begin(ATTACHMENTS), std::end(ATTACHMENTS),
					      [&](const Attachment &each) { return way == each.name; });
	if (attachment == std::end(ATTACHMENTS))
		return kernel_error(info.Env(), "attach to interface: " + way, EINVAL);
	struct bpf_link_create_opts options = {};
	options.sz = sizeof(options);
	options.flags = attachment->flags;
	LogCapture log;
	int fd = bpf_link_create(bpf_program__fd(found), static_cast<int>(ifindex), attachment->type, &options);
	if (fd < 0)
		return kernel_error(info.Env(), "attach to interface (" + way + ")", errno, log.text());
	interface_links_[next_link_] = fd;
	return Napi::Number::New(info.Env(), next_link_++);
}

// Returns whether there was such a link.
Napi::Value BpfObject::detach_interface(const Napi::CallbackInfo &info) {
	uint32_t handle = 0;
	if (!want_u32(info, 0, &handle))
		return info.Env().Undefined();
	auto found = interface_links_.find(handle);
	if (found == interface_links_.end())
		return Napi::Boolean::New(info.Env(), false);
	::close(found->second);
	interface_links_.erase(found);
	return Napi::Boolean::New(info.Env(), true);
}

// testRun(program, frame, repeat): runs a program on bytes, on this CPU, without any interface. {result, ns} of a run.
Napi::Value BpfObject::test_run(const Napi::CallbackInfo &info) {
	struct bpf_program *found = program(info);
	Bytes frame;
	uint32_t repeat = 0;
	if (!found || !want_bytes(info, 1, &frame) || !want_u32(info, 2, &repeat))
		return info.Env().Undefined();
	struct bpf_test_run_opts options = {};
	options.sz = sizeof(options);
	options.data_in = frame.data;
	options.data_size_in = static_cast<uint32_t>(frame.size);
	options.repeat = static_cast<int>(repeat);
	if (bpf_prog_test_run_opts(bpf_program__fd(found), &options))
		return kernel_error(info.Env(), "test run", errno);
	Napi::Object result = Napi::Object::New(info.Env());
	result.Set("result", Napi::Number::New(info.Env(), static_cast<int32_t>(options.retval)));
	result.Set("ns", Napi::Number::New(info.Env(), options.duration));
	return result;
}

// Deletes all these keys; returns how many there were.
Napi::Value BpfObject::map_delete_batch(const Napi::CallbackInfo &info) {
	struct bpf_map *found = map(info);
	Bytes keys;
	if (!found || !want_bytes(info, 1, &keys))
		return info.Env().Undefined();
	size_t key_size = bpf_map__key_size(found);
	if (!key_size || keys.size % key_size)
		return kernel_error(info.Env(), "map delete batch", EINVAL);
	uint32_t deleted = 0;
	for (size_t at = 0; at < keys.size; at += key_size) {
		if (bpf_map_delete_elem(bpf_map__fd(found), keys.data + at) == 0)
			deleted++;
		else if (errno != ENOENT)
			return kernel_error(info.Env(), "map delete batch", errno);
	}
	return Napi::Number::New(info.Env(), deleted);
}

} // namespace telegen
