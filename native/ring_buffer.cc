#include "ring_buffer.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "telegen/records.h"

namespace telegen {

namespace {

uint64_t load_acquire(const void *position) {
	return __atomic_load_n(static_cast<const uint64_t *>(position), __ATOMIC_ACQUIRE);
}

size_t round_up8(size_t size) { return (size + 7) & ~size_t{7}; }

} // namespace

RingBuffer::RingBuffer(int map_fd, size_t size) : size_(size), page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
	void *consumer = mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED) {
		error_ = errno;
		return;
	}
	consumer_ = consumer;
	// The kernel offers the data twice in a row, so that no record wraps; every mapped page counts as resident, so
	// it is mapped once and wrapping records are copied in two parts.
	void *producer = mmap(nullptr, page_ + size_, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page_));
	if (producer == MAP_FAILED) {
		error_ = errno;
		return;
	}
	producer_ = producer;
	data_ = static_cast<const uint8_t *>(producer) + page_;
}

RingBuffer::~RingBuffer() {
	if (consumer_)
		munmap(consumer_, page_);
	if (producer_)
		munmap(producer_, page_ + size_);
}

size_t RingBuffer::pending() const { return load_acquire(producer_) - load_acquire(consumer_); }

uint64_t RingBuffer::produced() const { return load_acquire(producer_); }

size_t RingBuffer::used_bytes(uint64_t position, size_t length) const {
	uint32_t size = 0;

	if (length < sizeof(tg_head))
		return length;
	copy_payload(reinterpret_cast<uint8_t *>(&size), position + offsetof(tg_head, size), sizeof(size));
	return size >= sizeof(tg_head) && size < length ? size : length;
}

void RingBuffer::copy_payload(uint8_t *out, uint64_t position, size_t length) const {
	size_t offset = position & (size_ - 1);
	size_t first = std::min(length, size_ - offset);

	memcpy(out, data_ + offset, first);
	memcpy(out + first, data_, length - first);
}

size_t RingBuffer::copy_records(uint8_t *out, size_t room, uint64_t limit) {
	uint64_t position = load_acquire(consumer_), end = std::min(limit, load_acquire(producer_));
	size_t copied = 0;

	while (position < end) {
		const uint8_t *header = data_ + (position & (size_ - 1));
		uint32_t word = __atomic_load_n(reinterpret_cast<const uint32_t *>(header), __ATOMIC_ACQUIRE);
		if (word & BPF_RINGBUF_BUSY_BIT)
			break;
		size_t length = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
			size_t used = used_bytes(position + BPF_RINGBUF_HDR_SZ, length);
			if (copied + used > room) {
				if (copied > 0)
					break;
				oversized_++;
			} else {
				copy_payload(out + copied, position + BPF_RINGBUF_HDR_SZ, used);
				copied += round_up8(used);
			}
		}
		position += round_up8(length + BPF_RINGBUF_HDR_SZ);
	}
	__atomic_store_n(static_cast<uint64_t *>(consumer_), position, __ATOMIC_RELEASE);
	return copied;
}

} // namespace telegen
