// The addon: BPF objects and ring readers. It knows records as bytes and no detector at all.
#include "bpf_object.h"
#include "kernel_error.h"
#include "layout.h"
#include "napi_setup.h"
#include "network.h"
#include "privileges.h"
#include "process_calls.h"
#include "ring_reader.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
	telegen::install_libbpf_logger();
	exports.Set("BpfObject", telegen::BpfObject::define(env));
	exports.Set("RingReader", telegen::RingReader::define(env));
	exports.Set("layout", Napi::Function::New(env, telegen::layout));
	exports.Set("possibleCpus", Napi::Function::New(env, telegen::possible_cpus));
	exports.Set("monotonicNs", Napi::Function::New(env, telegen::monotonic_ns));
	exports.Set("epochOffsetMs", Napi::Function::New(env, telegen::epoch_offset_ms));
	exports.Set("networkInterfaces", Napi::Function::New(env, telegen::network_interfaces));
	exports.Set("lockFile", Napi::Function::New(env, telegen::lock_file));
	exports.Set("trimMemory", Napi::Function::New(env, telegen::trim_memory));
	exports.Set("switchUser", Napi::Function::New(env, telegen::switch_user));
	exports.Set("limitCapabilities", Napi::Function::New(env, telegen::limit_capabilities));
	return exports;
}

} // namespace

NODE_API_MODULE(telegen, init)
