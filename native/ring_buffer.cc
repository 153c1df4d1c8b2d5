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
	position_ = load_acquire(consumer);
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

void RingBuffer::copy_bytes(uint64_t position, size_t length, uint8_t *out) const {
	size_t offset = position & (size_ - 1);
	size_t first = std::min(length, size_ - offset);

	memcpy(out, data_ + offset, first);
	memcpy(out + first, data_, length - first);
}

bool RingBuffer::look(uint64_t limit, RingRecord *record) {
	uint64_t end = std::min(limit, produced());

	while (position_ < end) {
		const uint8_t *header = data_ + (position_ & (size_ - 1));
		uint32_t word = __atomic_load_n(reinterpret_cast<const uint32_t *>(header), __ATOMIC_ACQUIRE);
		if (word & BPF_RINGBUF_BUSY_BIT)
			return false;
		size_t length = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		*record = {position_ + BPF_RINGBUF_HDR_SZ, length, length, 0};
		if (word & BPF_RINGBUF_DISCARD_BIT) {
			take(*record);
			continue;
		}
		if (length >= sizeof(tg_head)) {
			tg_head head;
			copy_bytes(record->position, sizeof(head), reinterpret_cast<uint8_t *>(&head));
			record->time_ns = head.time_ns;
			if (head.size >= sizeof(head) && head.size < length)
				record->used = head.size;
		}
		return true;
	}
	return false;
}

void RingBuffer::copy(const RingRecord &record, uint8_t *out) const { copy_bytes(record.position, record.used, out); }

void RingBuffer::take(const RingRecord &record) { position_ = record.position + round_up8(record.reserved); }

void RingBuffer::commit() { __atomic_store_n(static_cast<uint64_t *>(consumer_), position_, __ATOMIC_RELEASE); }

} // namespace telegen
