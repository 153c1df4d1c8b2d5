#include "ring_buffer.h"

#include <fcntl.h>
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

constexpr size_t WINDOW_BYTES = 1 << 20;

size_t round_up8(size_t size) { return (size + 7) & ~size_t{7}; }

} // namespace

RingBuffer::RingBuffer(int map_fd, size_t size)
    : size_(size), page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))), map_fd_(fcntl(map_fd, F_DUPFD_CLOEXEC, 0)) {
	if (map_fd_ < 0) {
		error_ = errno;
		return;
	}
	void *consumer = mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED) {
		error_ = errno;
		return;
	}
	consumer_ = consumer;
	position_ = load_acquire(consumer);
	void *producer = mmap(nullptr, page_, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page_));
	if (producer == MAP_FAILED) {
		error_ = errno;
		return;
	}
	producer_ = producer;
	bytes_at(position_, BPF_RINGBUF_HDR_SZ);
}

RingBuffer::~RingBuffer() {
	if (consumer_)
		munmap(consumer_, page_);
	if (producer_)
		munmap(producer_, page_);
	if (window_)
		munmap(window_, window_size_);
	if (map_fd_ >= 0)
		close(map_fd_);
}

// Every mapped page of a ring counts as resident: a window is mapped that moves along with the records. The kernel offers
// the data twice in a row, so that no record wraps (Documentation/bpf/ringbuf.rst).
const uint8_t *RingBuffer::bytes_at(uint64_t position, size_t length) {
	size_t offset = position & (size_ - 1);

	if (!window_ || offset < window_offset_ || offset + length > window_offset_ + window_size_) {
		size_t start = offset & ~(page_ - 1);
		size_t wanted = std::max(std::min(size_, WINDOW_BYTES), offset - start + length);
		size_t window_size = std::min((wanted + page_ - 1) & ~(page_ - 1), 2 * size_ - start);
		off_t from = static_cast<off_t>(2 * page_ + start);
		void *window = mmap(nullptr, window_size, PROT_READ, MAP_SHARED, map_fd_, from);
		if (window == MAP_FAILED) {
			error_ = errno;
			return nullptr;
		}
		if (window_)
			munmap(window_, window_size_);
		window_ = window;
		window_size_ = window_size;
		window_offset_ = start;
		error_ = 0;
	}
	return static_cast<const uint8_t *>(window_) + (offset - window_offset_);
}

size_t RingBuffer::pending() const { return load_acquire(producer_) - load_acquire(consumer_); }

uint64_t RingBuffer::produced() const { return load_acquire(producer_); }

bool RingBuffer::look(uint64_t limit, RingRecord *record) {
	uint64_t end = std::min(limit, produced());

	while (position_ < end) {
		const uint8_t *header = bytes_at(position_, BPF_RINGBUF_HDR_SZ);
		if (!header)
			return false;
		uint32_t word = __atomic_load_n(reinterpret_cast<const uint32_t *>(header), __ATOMIC_ACQUIRE);
		if (word & BPF_RINGBUF_BUSY_BIT)
			return false;
		size_t length = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		*record = {position_ + BPF_RINGBUF_HDR_SZ, length, length, 0};
		if (word & BPF_RINGBUF_DISCARD_BIT) {
			take(*record);
			continue;
		}
		const uint8_t *bytes = bytes_at(record->position, length);
		if (!bytes)
			return false;
		if (length >= sizeof(tg_head)) {
			tg_head head;
			memcpy(&head, bytes, sizeof(head));
			record->time_ns = head.time_ns;
			if (head.size >= sizeof(head) && head.size < length)
				record->used = head.size;
		}
		return true;
	}
	return false;
}

void RingBuffer::copy(const RingRecord &record, uint8_t *out) {
	const uint8_t *bytes = bytes_at(record.position, record.used);
	if (bytes)
		memcpy(out, bytes, record.used);
	else
		memset(out, 0, record.used);
}

void RingBuffer::take(const RingRecord &record) { position_ = record.position + round_up8(record.reserved); }

void RingBuffer::commit() { __atomic_store_n(static_cast<uint64_t *>(consumer_), position_, __ATOMIC_RELEASE); }

} // namespace telegen
