// Consumer side of a BPF ring buffer (Documentation/bpf/ringbuf.rst): one writer of the consumer position.
#pragma once

#include <cstddef>
#include <cstdint>

namespace telegen {

class RingBuffer {
public:
	// Maps the ring; check `error()` (positive errno, 0 when mapped).
	RingBuffer(int map_fd, size_t size);
	~RingBuffer();
	RingBuffer(const RingBuffer &) = delete;
	RingBuffer &operator=(const RingBuffer &) = delete;

	int error() const { return error_; }
	// Bytes waiting, including record headers.
	size_t pending() const;
	// Position behind the newest record.
	uint64_t produced() const;

	// Copies whole records before `limit`, oldest first, into `out`; returns the bytes copied. Stops at a record that a
	// program is still writing, or when the next one does not fit. A record larger than `room` is skipped and counted.
	// Of a record whose head names fewer bytes than were reserved, only those are copied.
	size_t copy_records(uint8_t *out, size_t room, uint64_t limit = UINT64_MAX);
	uint64_t oversized() const { return oversized_; }

private:
	size_t used_bytes(uint64_t position, size_t length) const;
	void copy_payload(uint8_t *out, uint64_t position, size_t length) const;

	size_t size_;
	size_t page_;
	int error_ = 0;
	void *consumer_ = nullptr;
	void *producer_ = nullptr;
	const uint8_t *data_ = nullptr;
	uint64_t oversized_ = 0;
};

} // namespace telegen
