// One compiled BPF object file: open, set constants, load, attach, reach its maps. Closing detaches everything.
#pragma once

#include <bpf/libbpf.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "iteration.h"
#include "napi_setup.h"

namespace telegen {

class BpfObject : public Napi::ObjectWrap<BpfObject> {
public:
	static Napi::Function define(Napi::Env env);

	explicit BpfObject(const Napi::CallbackInfo &info);
	~BpfObject() override;

	// The object behind a JavaScript value; throws into JavaScript and returns nullptr when it is something else.
	static BpfObject *from(const Napi::Value &value);

	// File descriptor of a loaded map, or -1.
	int map_fd(const std::string &name) const;
	// Its max_entries (bytes for a ring buffer), or 0.
	uint32_t map_entries(const std::string &name) const;

private:
	// before load
	Napi::Value programs(const Napi::CallbackInfo &info);
	Napi::Value set_autoload(const Napi::CallbackInfo &info);
	Napi::Value set_constant(const Napi::CallbackInfo &info);
	Napi::Value resize_map(const Napi::CallbackInfo &info);
	Napi::Value reuse_map(const Napi::CallbackInfo &info);
	Napi::Value load(const Napi::CallbackInfo &info);
	// after load
	Napi::Value attach(const Napi::CallbackInfo &info);
	Napi::Value attach_cgroup(const Napi::CallbackInfo &info);
	Napi::Value attach_interface(const Napi::CallbackInfo &info);
	Napi::Value detach_interface(const Napi::CallbackInfo &info);
	Napi::Value test_run(const Napi::CallbackInfo &info);
	Napi::Value run_iterator(const Napi::CallbackInfo &info);
	Napi::Value iterate(const Napi::CallbackInfo &info);
	Napi::Value map_memory(const Napi::CallbackInfo &info);
	Napi::Value map_lookup(const Napi::CallbackInfo &info);
	Napi::Value map_update(const Napi::CallbackInfo &info);
	Napi::Value map_delete(const Napi::CallbackInfo &info);
	Napi::Value map_lookup_batch(const Napi::CallbackInfo &info);
	Napi::Value map_delete_batch(const Napi::CallbackInfo &info);
	Napi::Value map_update_batch(const Napi::CallbackInfo &info);
	Napi::Value detach(const Napi::CallbackInfo &info);
	Napi::Value close(const Napi::CallbackInfo &info);

	void detach_all();
	void release();
	// Both throw into JavaScript and return nullptr when there is none.
	struct bpf_program *program(const Napi::CallbackInfo &info);
	struct bpf_map *map(const Napi::CallbackInfo &info) const;
	bool want_object(Napi::Env env) const;
	Napi::Value keep_link(Napi::Env env, const std::string &op, struct bpf_link *link, const std::string &log);

	struct bpf_object *object_ = nullptr;
	bool loaded_ = false;
	std::vector<struct bpf_link *> links_;
	// Under way, by program.
	std::map<std::string, std::unique_ptr<Iteration>> iterations_;
	// Descriptors of links to network interfaces, by the handle that JavaScript holds.
	std::map<uint32_t, int> interface_links_;
	uint32_t next_link_ = 1;
};

} // namespace telegen
