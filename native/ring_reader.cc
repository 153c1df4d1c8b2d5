#include "ring_reader.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "arguments.h"
#include "bpf_object.h"
#include "kernel_error.h"

namespace telegen {

namespace {

using std::chrono::milliseconds;

// How long the thread sleeps between two looks. Every look that finds records wakes the main thread, which costs as much
// as some ten records: patience cuts the agent's processor time to a fraction. Alerts have 50 ms.
constexpr milliseconds BUSY_INTERVAL{10};
constexpr milliseconds QUIET_INTERVAL{25};
// Busy is who finds so much of a ring full: nothing may be lost for patience.
constexpr size_t BUSY_PART = 64;

// With more than this waiting in a later ring, the first one's records are taken before all others, whatever their time:
// what is judged must not wait behind what is only told. (Some hundred requests: 20 to 50 ms of work.)
constexpr size_t OVERTAKE_BYTES = 512 << 10;

struct Batch {
	size_t slab;
	size_t bytes;
};

void call_javascript(Napi::Env env, Napi::Function callback, Batch *batch) {
	// No environment: it is being torn down and nobody is left to read.
	if (env != nullptr && callback != nullptr)
		call_from_outside(env, callback, {Napi::Number::New(env, batch->slab), Napi::Number::New(env, batch->bytes)});
	delete batch;
}

} // namespace

Napi::Function RingReader::define(Napi::Env env) {
	return DefineClass(env, "RingReader",
			   {
				   InstanceMethod<&RingReader::start>("start"),
				   InstanceMethod<&RingReader::stop>("stop"),
				   InstanceMethod<&RingReader::release>("release"),
				   InstanceMethod<&RingReader::drain>("drain"),
				   InstanceMethod<&RingReader::pending>("pending"),
				   InstanceMethod<&RingReader::close>("close"),
				   InstanceMethod<&RingReader::oversized>("oversized"),
			   });
}

// new RingReader(object, mapName or mapNames, ringBytes, slabs)
RingReader::RingReader(const Napi::CallbackInfo &info) : Napi::ObjectWrap<RingReader>(info) {
	uint32_t size = 0;
	if (info.Length() < 4 || !info[0].IsObject() || !info[3].IsArray()) {
		type_error(info.Env(), "(object, map name or names, ring bytes, slabs)");
		return;
	}
	if (want_u32(info, 2, &size) && take_slabs(info[3].As<Napi::Array>()) && !take_rings(info, size))
		rings_.clear();
}

bool RingReader::take_rings(const Napi::CallbackInfo &info, uint32_t size) {
	std::vector<std::string> names;
	if (info[1].IsArray()) {
		auto list = info[1].As<Napi::Array>();
		for (uint32_t i = 0; i < list.Length(); i++)
			names.push_back(list.Get(i).ToString());
	} else {
		names.emplace_back();
		if (!want_string(info, 1, &names[0]))
			return false;
	}
	BpfObject *object = BpfObject::from(info[0]);
	if (!object)
		return false;
	for (const auto &name : names) {
		// Positions are masked with the size: a wrong one would lead out of the mapping.
		int error = size == 0 || size != object->map_entries(name) ? EINVAL : 0;
		if (!error) {
			rings_.push_back(std::make_unique<RingBuffer>(object->map_fd(name), size));
			error = rings_.back()->error();
		}
		if (error) {
			kernel_error(info.Env(), "map ring " + name, error);
			return false;
		}
	}
	return true;
}

RingReader::~RingReader() { halt(); }

bool RingReader::take_slabs(const Napi::Array &slabs) {
	for (uint32_t i = 0; i < slabs.Length(); i++) {
		Napi::Value value = slabs[i];
		if (!value.IsArrayBuffer())
			return type_error(Env(), "an array of ArrayBuffers");
		auto buffer = value.As<Napi::ArrayBuffer>();
		slabs_.push_back({Napi::Persistent(buffer), static_cast<uint8_t *>(buffer.Data()), buffer.ByteLength()});
		free_.push_back(i);
	}
	return true;
}

// start(onBatch, onStopped): onStopped is called after the last batch has been delivered.
Napi::Value RingReader::start(const Napi::CallbackInfo &info) {
	if (rings_.empty() || thread_.joinable())
		return kernel_error(info.Env(), "start reader", EBUSY);
	if (info.Length() < 2 || !info[0].IsFunction() || !info[1].IsFunction()) {
		type_error(info.Env(), "two functions");
		return info.Env().Undefined();
	}
	bond_ = std::make_shared<Bond>(this, Napi::Persistent(info[1].As<Napi::Function>()));
	auto ended = [bond = bond_](Napi::Env env) {
		if (bond->reader) {
			bond->reader->join();
			bond->reader->abandoned_ = true;
		}
		Napi::HandleScope scope(env);
		call_from_outside(env, bond->stopped.Value(), {});
		bond->stopped.Reset();
	};
	deliver_ = Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "telegen ring", 0, 1, ended);
	abandoned_ = false;
	stopping_ = false;
	thread_ = std::thread(&RingReader::run, this);
	return info.Env().Undefined();
}

void RingReader::run() {
	milliseconds interval = BUSY_INTERVAL;
	for (;;) {
		{
			std::unique_lock<std::mutex> lock(mutex_);
			if (changed_.wait_for(lock, interval, [this] { return stopping_; }))
				return;
		}
		if (abandoned_)
			return;
		interval = is_busy() ? BUSY_INTERVAL : QUIET_INTERVAL;
		drain_once();
	}
}

bool RingReader::wait_for_slab(size_t *index) {
	std::unique_lock<std::mutex> lock(mutex_);
	changed_.wait(lock, [this] { return stopping_ || !free_.empty(); });
	if (stopping_)
		return false;
	*index = free_.back();
	free_.pop_back();
	return true;
}

bool RingReader::is_busy() const {
	return std::any_of(rings_.begin(), rings_.end(),
			   [](const auto &ring) { return ring->pending() >= ring->size() / BUSY_PART; });
}

void RingReader::drain_once() {
	std::vector<uint64_t> limits;
	// What comes while this goes on waits for the next time: else records of one ring could overtake older ones of another.
	for (const auto &ring : rings_)
		limits.push_back(ring->produced());
	size_t index;
	while (!abandoned_ && waiting() > 0 && wait_for_slab(&index)) {
		size_t bytes = fill(slabs_[index], limits);
		if (bytes == 0) {
			std::lock_guard<std::mutex> lock(mutex_);
			free_.push_back(index);
			return;
		}
		auto *batch = new Batch{index, bytes};
		if (deliver_.NonBlockingCall(batch, call_javascript) != napi_ok) {
			// The environment is going: nobody is left to read.
			delete batch;
			abandoned_ = true;
		}
	}
}

size_t RingReader::waiting() const {
	size_t bytes = 0;
	for (const auto &ring : rings_)
		bytes += ring->pending();
	return bytes;
}

bool RingReader::first_overtakes() const {
	for (size_t i = 1; i < rings_.size(); i++)
		if (rings_[i]->pending() > OVERTAKE_BYTES)
			return true;
	return false;
}

size_t RingReader::fill(Slab &slab, const std::vector<uint64_t> &limits) {
	std::vector<RingRecord> fronts(rings_.size());
	std::vector<bool> has(rings_.size());
	size_t copied = 0;
	bool overtakes = first_overtakes();
	auto look = [&](size_t i) {
		uint64_t limit = i == 0 && overtakes ? UINT64_MAX : limits[i];
		has[i] = rings_[i]->look(limit, &fronts[i]);
	};

	for (size_t i = 0; i < rings_.size(); i++)
		look(i);
	for (;;) {
		size_t oldest = rings_.size();
		for (size_t i = 0; i < rings_.size(); i++)
			if (has[i] && (oldest == rings_.size() || fronts[i].time_ns < fronts[oldest].time_ns))
				oldest = i;
		if (oldest == rings_.size())
			break;
		if (overtakes && has[0])
			oldest = 0;
		const RingRecord &record = fronts[oldest];
		if (record.used > slab.size) {
			oversized_++;
		} else if (copied + record.used > slab.size) {
			break;
		} else {
			rings_[oldest]->copy(record, slab.data + copied);
			copied += (record.used + 7) & ~size_t{7};
		}
		rings_[oldest]->take(record);
		look(oldest);
	}
	for (const auto &ring : rings_)
		ring->commit();
	return copied;
}

void RingReader::join() {
	if (!thread_.joinable())
		return;
	{
		std::lock_guard<std::mutex> lock(mutex_);
		stopping_ = true;
	}
	changed_.notify_all();
	thread_.join();
}

void RingReader::halt() {
	join();
	if (!bond_)
		return;
	bond_->reader = nullptr;
	bond_.reset();
	if (!abandoned_)
		deliver_.Release();
}

// Stops the thread; batches that are under way still arrive, then onStopped. What is left in the ring: drain().
Napi::Value RingReader::stop(const Napi::CallbackInfo &info) {
	halt();
	return info.Env().Undefined();
}

Napi::Value RingReader::release(const Napi::CallbackInfo &info) {
	uint32_t index = 0;
	if (!want_u32(info, 0, &index))
		return info.Env().Undefined();
	bool is_awaited = false;
	{
		std::lock_guard<std::mutex> lock(mutex_);
		// Else the thread sleeps until its next look: to wake it takes a tenth of a millisecond on a virtual machine.
		is_awaited = free_.empty();
		if (index < slabs_.size() && std::find(free_.begin(), free_.end(), index) == free_.end())
			free_.push_back(index);
	}
	if (is_awaited)
		changed_.notify_all();
	return info.Env().Undefined();
}

// Copies records into slab 0 and returns the bytes; only while the thread is stopped.
Napi::Value RingReader::drain(const Napi::CallbackInfo &info) {
	if (rings_.empty() || thread_.joinable() || slabs_.empty())
		return kernel_error(info.Env(), "drain", EBUSY);
	size_t bytes = fill(slabs_[0], std::vector<uint64_t>(rings_.size(), UINT64_MAX));
	return Napi::Number::New(info.Env(), bytes);
}

// Stops, and gives the rings back at once instead of when this object is collected. Nothing more can be read.
Napi::Value RingReader::close(const Napi::CallbackInfo &info) {
	halt();
	rings_.clear();
	return info.Env().Undefined();
}

Napi::Value RingReader::pending(const Napi::CallbackInfo &info) {
	return Napi::Number::New(info.Env(), waiting());
}

Napi::Value RingReader::oversized(const Napi::CallbackInfo &info) {
	return Napi::Number::New(info.Env(), oversized_);
}

} // namespace telegen
