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
	size_t size() const { return size_; }
	// Bytes waiting, including record headers.
	size_t pending() const;
	// Position behind the newest record.
	uint64_t produced() const;

	// The oldest record before `limit` that was not taken; false when there is none, or a program is still writing it.
	bool look(uint64_t limit, RingRecord *record);
	// Copies the used bytes of the record that was looked at last to `out`.
	void copy(const RingRecord &record, uint8_t *out);
	// Goes on behind it.
	void take(const RingRecord &record);
	// Gives the room of what was taken back to the programs.
	void commit();

private:
	// Readable until the next call; null, with `error()` set, when they cannot be mapped.
	const uint8_t *bytes_at(uint64_t position, size_t length);

	size_t size_;
	size_t page_;
	int error_ = 0;
	void *consumer_ = nullptr;
	void *producer_ = nullptr;
	int map_fd_;
	void *window_ = nullptr;
	size_t window_offset_ = 0;
	size_t window_size_ = 0;
	// Behind the last record that was taken.
	uint64_t position_ = 0;
};

} // namespace telegen
