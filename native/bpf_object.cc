#include "bpf_object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "arguments.h"
#include "kernel_error.h"

namespace telegen {

namespace {

// libbpf asks the kernel for the verifier's text only when a program is refused.
constexpr size_t VERIFIER_LOG_BYTES = 1 << 20;

// Tells our objects from any other wrapped one.
constexpr napi_type_tag OBJECT_TAG = {0x74656c6567656e00, 0x6270666f626a6563};

// Finds a `const volatile` global in .rodata. Returns its place inside the initial value, or nullptr.
uint8_t *find_constant(struct bpf_object *object, const std::string &name, size_t *size) {
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	const struct btf *btf = bpf_object__btf(object);
	int section = btf ? btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC) : -1;
	size_t total = 0;
	auto *data = map ? static_cast<uint8_t *>(const_cast<void *>(bpf_map__initial_value(map, &total))) : nullptr;

	if (section < 0 || !data)
		return nullptr;
	const struct btf_type *type = btf__type_by_id(btf, section);
	const struct btf_var_secinfo *info = btf_var_secinfos(type);
	for (int i = 0; i < btf_vlen(type); i++, info++) {
		const struct btf_type *variable = btf__type_by_id(btf, info->type);
		if (name != btf__name_by_offset(btf, variable->name_off) || info->offset + info->size > total)
			continue;
		*size = info->size;
		return data + info->offset;
	}
	return nullptr;
}

size_t value_bytes(const struct bpf_map *map) {
	size_t size = bpf_map__value_size(map);
	enum bpf_map_type type = bpf_map__type(map);
	bool per_cpu = type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
		       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	return per_cpu ? ((size + 7) & ~size_t{7}) * libbpf_num_possible_cpus() : size;
}

} // namespace

Napi::Function BpfObject::define(Napi::Env env) {
	return DefineClass(env, "BpfObject",
			   {
				   InstanceMethod<&BpfObject::programs>("programs"),
				   InstanceMethod<&BpfObject::set_autoload>("setAutoload"),
				   InstanceMethod<&BpfObject::set_constant>("setConstant"),
				   InstanceMethod<&BpfObject::resize_map>("resizeMap"),
				   InstanceMethod<&BpfObject::reuse_map>("reuseMap"),
				   InstanceMethod<&BpfObject::load>("load"),
				   InstanceMethod<&BpfObject::attach>("attach"),
				   InstanceMethod<&BpfObject::attach_cgroup>("attachCgroup"),
				   InstanceMethod<&BpfObject::attach_interface>("attachInterface"),
				   InstanceMethod<&BpfObject::detach_interface>("detachInterface"),
				   InstanceMethod<&BpfObject::test_run>("testRun"),
				   InstanceMethod<&BpfObject::run_iterator>("runIterator"),
				   InstanceMethod<&BpfObject::iterate>("iterate"),
				   InstanceMethod<&BpfObject::map_memory>("mapMemory"),
				   InstanceMethod<&BpfObject::map_lookup>("mapLookup"),
				   InstanceMethod<&BpfObject::map_update>("mapUpdate"),
				   InstanceMethod<&BpfObject::map_delete>("mapDelete"),
				   InstanceMethod<&BpfObject::map_lookup_batch>("mapLookupBatch"),
				   InstanceMethod<&BpfObject::map_update_batch>("mapUpdateBatch"),
				   InstanceMethod<&BpfObject::map_delete_batch>("mapDeleteBatch"),
				   InstanceMethod<&BpfObject::detach>("detach"),
				   InstanceMethod<&BpfObject::close>("close"),
			   });
}

BpfObject::BpfObject(const Napi::CallbackInfo &info) : Napi::ObjectWrap<BpfObject>(info) {
	std::string path;
	info.This().As<Napi::Object>().TypeTag(&OBJECT_TAG);
	if (!want_string(info, 0, &path))
		return;
	LogCapture log;
	object_ = bpf_object__open_file(path.c_str(), nullptr);
	if (!object_)
		kernel_error(info.Env(), "open " + path, errno, log.text());
}

BpfObject::~BpfObject() { release(); }

void BpfObject::detach_all() {
	for (struct bpf_link *link : links_)
		bpf_link__destroy(link);
	links_.clear();
	for (const auto &[handle, fd] : interface_links_)
		::close(fd);
	interface_links_.clear();
}

void BpfObject::release() {
	iterations_.clear();
	detach_all();
	bpf_object__close(object_);
	object_ = nullptr;
}

BpfObject *BpfObject::from(const Napi::Value &value) {
	if (value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&OBJECT_TAG))
		return Unwrap(value.As<Napi::Object>());
	type_error(value.Env(), "a BpfObject");
	return nullptr;
}

uint32_t BpfObject::map_entries(const std::string &name) const {
	struct bpf_map *found = object_ ? bpf_object__find_map_by_name(object_, name.c_str()) : nullptr;
	return found ? bpf_map__max_entries(found) : 0;
}

int BpfObject::map_fd(const std::string &name) const {
	struct bpf_map *found = object_ ? bpf_object__find_map_by_name(object_, name.c_str()) : nullptr;
	return found ? bpf_map__fd(found) : -1;
}

bool BpfObject::want_object(Napi::Env env) const {
	if (!object_)
		kernel_error(env, "use of a closed object", EBADF);
	return object_ != nullptr;
}

struct bpf_program *BpfObject::program(const Napi::CallbackInfo &info) {
	std::string name;
	if (!want_object(info.Env()) || !want_string(info, 0, &name))
		return nullptr;
	struct bpf_program *found = bpf_object__find_program_by_name(object_, name.c_str());
	if (!found)
		kernel_error(info.Env(), "find program " + name, ENOENT);
	return found;
}

struct bpf_map *BpfObject::map(const Napi::CallbackInfo &info) const {
	std::string name;
	if (!want_object(info.Env()) || !want_string(info, 0, &name))
		return nullptr;
	struct bpf_map *found = bpf_object__find_map_by_name(object_, name.c_str());
	if (!found)
		kernel_error(info.Env(), "find map " + name, ENOENT);
	return found;
}

Napi::Value BpfObject::programs(const Napi::CallbackInfo &info) {
	Napi::Array list = Napi::Array::New(info.Env());
	struct bpf_program *each;

	if (!want_object(info.Env()))
		return info.Env().Undefined();
	bpf_object__for_each_program(each, object_) {
		Napi::Object entry = Napi::Object::New(info.Env());
		entry.Set("name", bpf_program__name(each));
		entry.Set("section", bpf_program__section_name(each));
		list.Set(list.Length(), entry);
	}
	return list;
}

Napi::Value BpfObject::set_autoload(const Napi::CallbackInfo &info) {
	struct bpf_program *found = program(info);
	if (found)
		bpf_program__set_autoload(found, info.Length() > 1 && info[1].ToBoolean().Value());
	return info.Env().Undefined();
}

Napi::Value BpfObject::set_constant(const Napi::CallbackInfo &info) {
	std::string name;
	Bytes value;
	size_t size = 0;
	if (!want_object(info.Env()) || !want_string(info, 0, &name) || !want_bytes(info, 1, &value))
		return info.Env().Undefined();
	// The kernel has the constants by then, and their memory is read-only.
	if (loaded_)
		return kernel_error(info.Env(), "set constant " + name, EBUSY);
	uint8_t *place = find_constant(object_, name, &size);
	if (!place)
		return kernel_error(info.Env(), "find constant " + name, ENOENT);
	if (size != value.size)
		return kernel_error(info.Env(), "set constant " + name, EINVAL);
	memcpy(place, value.data, size);
	return info.Env().Undefined();
}

Napi::Value BpfObject::resize_map(const Napi::CallbackInfo &info) {
	struct bpf_map *found = map(info);
	uint32_t entries = 0;
	if (!found || !want_u32(info, 1, &entries))
		return info.Env().Undefined();
	int status = bpf_map__set_max_entries(found, entries);
	return status ? kernel_error(info.Env(), "resize map", -status) : info.Env().Undefined();
}

Napi::Value BpfObject::reuse_map(const Napi::CallbackInfo &info) {
	struct bpf_map *found = map(info);
	if (!found)
		return info.Env().Undefined();
	BpfObject *other = from(info[1]);
	if (!other)
		return info.Env().Undefined();
	LogCapture log;
	int status = bpf_map__reuse_fd(found, other->map_fd(bpf_map__name(found)));
	return status ? kernel_error(info.Env(), "reuse map", -status, log.text()) : info.Env().Undefined();
}

Napi::Value BpfObject::load(const Napi::CallbackInfo &info) {
	if (!want_object(info.Env()))
		return info.Env().Undefined();
	auto verifier = std::make_unique<char[]>(VERIFIER_LOG_BYTES);
	verifier[0] = 0;
	struct bpf_program *each;
	bpf_object__for_each_program(each, object_) bpf_program__set_log_buf(each, verifier.get(), VERIFIER_LOG_BYTES);
	LogCapture log;
	int status = bpf_object__load(object_);
	// libbpf keeps the pointer: it must not outlive the buffer.
	bpf_object__for_each_program(each, object_) bpf_program__set_log_buf(each, nullptr, 0);
	if (status)
		return kernel_error(info.Env(), "load", -status, log.text() + verifier.get());
	loaded_ = true;
	return info.Env().Undefined();
}

Napi::Value BpfObject::keep_link(Napi::Env env, const std::string &op, struct bpf_link *link, const std::string &log) {
	if (!link)
		return kernel_error(env, op, errno, log);
	links_.push_back(link);
	return env.Undefined();
}

Napi::Value BpfObject::attach(const Napi::CallbackInfo &info) {
	struct bpf_program *found = program(info);
	if (!found)
		return info.Env().Undefined();
	LogCapture log;
	struct bpf_link *link = bpf_program__attach(found);
	return keep_link(info.Env(), "attach", link, log.text());
}

Napi::Value BpfObject::attach_cgroup(const Napi::CallbackInfo &info) {
	struct bpf_program *found = program(info);
	uint32_t cgroup_fd = 0;
	if (!found || !want_u32(info, 1, &cgroup_fd))
		return info.Env().Undefined();
	LogCapture log;
	struct bpf_link *link = bpf_program__attach_cgroup(found, static_cast<int>(cgroup_fd));
	return keep_link(info.Env(), "attach to cgroup", link, log.text());
}

// Runs an iterator program once over everything it iterates.
Napi::Value BpfObject::run_iterator(const Napi::CallbackInfo &info) {
	struct bpf_program *found = program(info);
	if (!found)
		return info.Env().Undefined();
	LogCapture log;
	struct bpf_link *link = bpf_program__attach_iter(found, nullptr);
	if (!link)
		return kernel_error(info.Env(), "attach iterator", errno, log.text());
	int fd = bpf_iter_create(bpf_link__fd(link));
	int error = fd < 0 ? errno : 0;
	char unused[4096];
	ssize_t got = fd < 0 ? 0 : 1;
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		got = read(fd, unused, sizeof(unused));
	if (got < 0)
		error = errno;
	if (fd >= 0)
		::close(fd);
	bpf_link__destroy(link);
	return error ? kernel_error(info.Env(), "run iterator", error, log.text()) : info.Env().Undefined();
}

// Runs an iterator program over some more of what it iterates; returns the bytes that it wrote, 0 at the end of a round.
Napi::Value BpfObject::iterate(const Napi::CallbackInfo &info) {
	struct bpf_program *found = program(info);
	uint32_t most = 0;
	if (!found || !want_u32(info, 1, &most))
		return info.Env().Undefined();
	std::string map;
	if (info.Length() > 2 && !want_string(info, 2, &map))
		return info.Env().Undefined();
	LogCapture log;
	auto &iteration = iterations_[bpf_program__name(found)];
	if (!iteration)
		iteration = std::make_unique<Iteration>(found, map_fd(map));
	ssize_t got = iteration->read(most);
	int error = got < 0 ? errno : 0;
	if (got <= 0)
		iteration.reset();
	if (error)
		return kernel_error(info.Env(), "iterate", error, log.text());
	return Napi::Number::New(info.Env(), got);
}

// The values of an array map that was made to be shared (BPF_F_MMAPABLE), in memory that outlives this object.
Napi::Value BpfObject::map_memory(const Napi::CallbackInfo &info) {
	struct bpf_map *found = map(info);
	if (!found)
		return info.Env().Undefined();
	size_t page = sysconf(_SC_PAGESIZE), value = (bpf_map__value_size(found) + 7) & ~size_t{7};
	size_t size = (value * bpf_map__max_entries(found) + page - 1) & ~(page - 1);
	void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(found), 0);
	if (memory == MAP_FAILED)
		return kernel_error(info.Env(), "map memory", errno);
	return Napi::ArrayBuffer::New(info.Env(), memory, size, [size](Napi::Env, void *data) { munmap(data, size); });
}

Napi::Value BpfObject::map_lookup(const Napi::CallbackInfo &info) {
	struct bpf_map *found = map(info);
	Bytes key;
	if (!found || !want_bytes(info, 1, &key))
		return info.Env().Undefined();
	if (key.size != bpf_map__key_size(found))
		return kernel_error(info.Env(), "map lookup", EINVAL);
	auto value = Napi::Buffer<uint8_t>::New(info.Env(), value_bytes(found));
	if (bpf_map_lookup_elem(bpf_map__fd(found), key.data, value.Data()) == 0)
		return value;
	return errno == ENOENT ? info.Env().Undefined() : kernel_error(info.Env(), "map lookup", errno);
}

Napi::Value BpfObject::map_update(const Napi::CallbackInfo &info) {
	struct bpf_map *found = map(info);
	Bytes key, value;
	uint32_t flags = 0;
	if (!found || !want_bytes(info, 1, &key) || !want_bytes(info, 2, &value) || !want_u32(info, 3, &flags))
		return info.Env().Undefined();
	if (key.size != bpf_map__key_size(found) || value.size != value_bytes(found))
		return kernel_error(info.Env(), "map update", EINVAL);
	if (bpf_map_update_elem(bpf_map__fd(found), key.data, value.data, flags))
		return kernel_error(info.Env(), "map update", errno);
	return info.Env().Undefined();
}

// Returns whether there was such an entry.
Napi::Value BpfObject::map_delete(const Napi::CallbackInfo &info) {
	struct bpf_map *found = map(info);
	Bytes key;
	if (!found || !want_bytes(info, 1, &key))
		return info.Env().Undefined();
	if (key.size != bpf_map__key_size(found))
		return kernel_error(info.Env(), "map delete", EINVAL);
	if (bpf_map_delete_elem(bpf_map__fd(found), key.data) == 0)
		return Napi::Boolean::New(info.Env(), true);
	return errno == ENOENT ? Napi::Boolean::New(info.Env(), false) : kernel_error(info.Env(), "map delete", errno);
}

// Reads a whole map into (keys, values); returns how many entries there were, at most what the buffers hold.
Napi::Value BpfObject::map_lookup_batch(const Napi::CallbackInfo &info) {
	struct bpf_map *found = map(info);
	Bytes keys, values;
	if (!found || !want_bytes(info, 1, &keys) || !want_bytes(info, 2, &values))
		return info.Env().Undefined();
	size_t key_size = bpf_map__key_size(found), value_size = value_bytes(found);
	// A ring buffer has neither.
	if (!key_size || !value_size)
		return kernel_error(info.Env(), "map lookup batch", EINVAL);
	uint32_t room = std::min(keys.size / key_size, values.size / value_size);
	uint32_t total = 0, position = 0;
	void *in = nullptr;
	// ENOSPC: a hash bucket does not fit in what is left; ENOENT: the end.
	while (total < room) {
		uint32_t count = room - total;
		int status = bpf_map_lookup_batch(bpf_map__fd(found), in, &position, keys.data + total * key_size,
						  values.data + total * value_size, &count, nullptr);
		total += status == 0 || errno == ENOENT ? count : 0;
		if (status && errno == ENOENT)
			break;
		if (status && errno != ENOSPC)
			return kernel_error(info.Env(), "map lookup batch", errno);
		if (status)
			break;
		in = &position;
	}
	return Napi::Number::New(info.Env(), total);
}

// Writes all entries; existing ones are kept when flags is BPF_NOEXIST. Returns how many were written.
Napi::Value BpfObject::map_update_batch(const Napi::CallbackInfo &info) {
	struct bpf_map *found = map(info);
	Bytes keys, values;
	uint32_t flags = 0;
	if (!found || !want_bytes(info, 1, &keys) || !want_bytes(info, 2, &values) || !want_u32(info, 3, &flags))
		return info.Env().Undefined();
	size_t key_size = bpf_map__key_size(found), value_size = value_bytes(found);
	size_t count = key_size ? keys.size / key_size : 0;
	if (!key_size || values.size != count * value_size || keys.size % key_size)
		return kernel_error(info.Env(), "map update batch", EINVAL);
	uint32_t written = 0;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *key = keys.data + i * key_size, *value = values.data + i * value_size;
		if (bpf_map_update_elem(bpf_map__fd(found), key, value, flags) == 0)
			written++;
		else if (errno != EEXIST)
			return kernel_error(info.Env(), "map update batch", errno);
	}
	return Napi::Number::New(info.Env(), written);
}

// Stops all programs; the maps stay readable.
Napi::Value BpfObject::detach(const Napi::CallbackInfo &info) {
	detach_all();
	return info.Env().Undefined();
}

Napi::Value BpfObject::close(const Napi::CallbackInfo &info) {
	release();
	return info.Env().Undefined();
}

} // namespace telegen
