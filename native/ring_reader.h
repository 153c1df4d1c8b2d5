// Drains ring buffers, oldest record first, on a thread of its own into slabs (ArrayBuffers made by JavaScript) and hands full or timely
// ones to a callback (slab index, bytes). JavaScript returns each slab with release(index). With no slab free the
// thread waits: records then stay in the ring, and what does not fit there is counted as dropped by the kernel side.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "napi_setup.h"
#include "ring_buffer.h"

namespace telegen {

class RingReader : public Napi::ObjectWrap<RingReader> {
public:
	static Napi::Function define(Napi::Env env);

	explicit RingReader(const Napi::CallbackInfo &info);
	~RingReader() override;

private:
	struct Slab {
		Napi::Reference<Napi::ArrayBuffer> buffer;
		uint8_t *data;
		size_t size;
	};

	Napi::Value start(const Napi::CallbackInfo &info);
	Napi::Value stop(const Napi::CallbackInfo &info);
	Napi::Value release(const Napi::CallbackInfo &info);
	Napi::Value drain(const Napi::CallbackInfo &info);
	Napi::Value pending(const Napi::CallbackInfo &info);
	Napi::Value close(const Napi::CallbackInfo &info);
	Napi::Value oversized(const Napi::CallbackInfo &info);

	// What the threadsafe function knows of its reader: node may end it first (with the environment), or outlive it.
	struct Bond {
		RingReader *reader;
		Napi::FunctionReference stopped;
	};

	bool take_rings(const Napi::CallbackInfo &info, uint32_t size);
	bool take_slabs(const Napi::Array &slabs);
	void run();
	bool wait_for_slab(size_t *index);
	// Bytes in all rings.
	size_t waiting() const;
	bool first_overtakes() const;
	bool is_busy() const;
	void drain_once();
	// Fills a slab with the records before the limits, oldest first; returns the bytes.
	size_t fill(Slab &slab, const std::vector<uint64_t> &limits);
	void join();
	void halt();

	// Records that are larger than a slab, and are left out.
	uint64_t oversized_ = 0;
	// Empty when the constructor failed.
	std::vector<std::unique_ptr<RingBuffer>> rings_;
	std::vector<Slab> slabs_;
	std::vector<size_t> free_;
	std::mutex mutex_;
	std::condition_variable changed_;
	bool stopping_ = false;
	// Node has ended deliver_, which must not be touched again. Written by the thread, read elsewhere after the join.
	bool abandoned_ = false;
	std::shared_ptr<Bond> bond_;
	std::thread thread_;
	Napi::ThreadSafeFunction deliver_;
};

} // namespace telegen
