// Consumer side of a BPF ring buffer (Documentation/bpf/ringbuf.rst): one writer of the consumer position.
#pragma once

#include <cstddef>
#include <cstdint>

namespace telegen {

// Where a record is in its ring.
struct RingRecord {
	uint64_t position; // of the bytes, behind the ring's own header
	size_t reserved;   // bytes
	size_t used;       // of them, as the record's head tells
	uint64_t time_ns;  // out of the head
};

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

	// The oldest record before `limit` that was not taken; false when there is none, or a program is still writing it.
	bool look(uint64_t limit, RingRecord *record);
	// Copies its used bytes to `out`.
	void copy(const RingRecord &record, uint8_t *out) const;
	// Goes on behind it.
	void take(const RingRecord &record);
	// Gives the room of what was taken back to the programs.
	void commit();

private:
	void copy_bytes(uint64_t position, size_t length, uint8_t *out) const;

	size_t size_;
	size_t page_;
	int error_ = 0;
	void *consumer_ = nullptr;
	void *producer_ = nullptr;
	const uint8_t *data_ = nullptr;
	// Behind the last record that was taken.
	uint64_t position_ = 0;
};

} // namespace telegen
