/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Reserving, counting and submitting records. */
#ifndef TELEGEN_EMIT_H
#define TELEGEN_EMIT_H

#include "telegen/listed.h"
#include "telegen/maps.h"

/*
 * Set by user space before load: bit (1 << phase) for each phase that somebody wants to hear of. The verifier removes
 * what serves none of them.
 */
const volatile __u32 tg_phases = ~0u;

/* Set by user space before load: bits of enum tg_content. */
const volatile __u32 tg_content = 0;

static __always_inline int tg_wants(__u8 phase)
{
	return (tg_phases >> phase) & 1;
}

static __always_inline int tg_wants_ends(void)
{
	return tg_wants(TG_PHASE_FAILED) || tg_wants(TG_PHASE_CLOSED);
}

static __always_inline void tg_count(__u32 counter, int kept)
{
	struct tg_counter_value *value = bpf_map_lookup_elem(&tg_counters, &counter);

	if (!value)
		return;
	/* Atomic although per-CPU: a softirq may interrupt a process-context program, and the sums must be exact. */
	if (kept)
		__sync_fetch_and_add(&value->submitted, 1);
	else
		__sync_fetch_and_add(&value->dropped, 1);
}

static __always_inline void tg_fill_head(struct tg_head *head, __u16 kind, __u32 size, __u64 now)
{
	head->time_ns = now;
	head->size = size;
	head->kind = kind;
	head->flags = 0;
}

/* No wake-up: the reader drains on a timer (a wake-up costs microseconds per record). */
#define TG_SUBMIT(record) bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP)

static __always_inline void *tg_reserve(__u64 size, __u32 counter)
{
	void *record = bpf_ringbuf_reserve(&tg_events, size, 0);

	tg_count(counter, record != 0);
	return record;
}

/* The last eighth of the ring takes no conversations but those with peers that a list names: no flood of others hides them. */
static __always_inline int tg_is_crowded_out(const struct tg_socket *sock)
{
	__u64 size;

	if (!tg_lists_wanted || sock->listed)
		return 0;
	size = bpf_ringbuf_query(&tg_events, BPF_RB_RING_SIZE);
	return bpf_ringbuf_query(&tg_events, BPF_RB_AVAIL_DATA) > size - size / 8;
}

static __always_inline void *tg_reserve_for(const struct tg_socket *sock, __u64 size, __u32 counter)
{
	if (!tg_is_crowded_out(sock))
		return tg_reserve(size, counter);
	tg_count(counter, 0);
	return 0;
}

static __always_inline __u32 tg_phase_counter(__u8 phase)
{
	switch (phase) {
	case TG_PHASE_ESTABLISHED:
		return TG_COUNTER_ESTABLISHED;
	case TG_PHASE_ACCEPTED:
		return TG_COUNTER_ACCEPTED;
	case TG_PHASE_FAILED:
		return TG_COUNTER_FAILED;
	case TG_PHASE_CLOSED:
		return TG_COUNTER_CLOSED;
	default:
		return TG_COUNTER_ATTEMPTED;
	}
}

static __always_inline void tg_fill_connection(struct tg_connection *record, const struct tg_socket *sock, __u8 phase)
{
	record->head.flags = sock->listed ? TG_MARK_LISTED : 0;
	record->tuple = sock->tuple;
	record->owner = sock->owner;
	record->cookie = sock->cookie;
	record->rtt_us = 0;
	record->error = sock->error;
	record->phase = phase;
	record->attribution = sock->attribution;
}

static __always_inline void tg_emit_connection(const struct tg_socket *sock, __u8 phase, __u32 rtt_us, __u64 now)
{
	struct tg_connection *record;

	if (!tg_wants(phase))
		return;
	record = tg_reserve_for(sock, sizeof(*record), tg_phase_counter(phase));
	if (!record)
		return;
	tg_fill_head(&record->head, TG_RECORD_CONNECTION, sizeof(*record), now);
	tg_fill_connection(record, sock, phase);
	record->rtt_us = rtt_us;
	TG_SUBMIT(record);
}

/* What is known at the end of a connection beyond the socket's own state. */
struct tg_end {
	__u64 bytes_sent;
	__u64 bytes_received;
	__u32 segments_sent;
	__u32 segments_received;
	__u32 retransmits;
	__u32 rtt_us;
	__u32 min_rtt_us;
	__u32 reason;
	__u8 phase;
};

static __always_inline void tg_emit_end(const struct tg_socket *sock, const struct tg_end *end, __u64 now)
{
	struct tg_connection_end *record;

	if (!tg_wants(end->phase))
		return;
	record = tg_reserve_for(sock, sizeof(*record), tg_phase_counter(end->phase));
	if (!record)
		return;
	tg_fill_head(&record->connection.head, TG_RECORD_CONNECTION_END, sizeof(*record), now);
	tg_fill_connection(&record->connection, sock, end->phase);
	record->connection.rtt_us = end->rtt_us;
	record->began_ns = sock->began_ns;
	record->bytes_sent = end->bytes_sent;
	record->bytes_received = end->bytes_received;
	record->segments_sent = end->segments_sent;
	record->segments_received = end->segments_received;
	record->retransmits = end->retransmits;
	record->min_rtt_us = end->min_rtt_us;
	record->reason = end->reason;
	record->spoken = sock->spoken;
	__builtin_memset(record->pad, 0, sizeof(record->pad));
	TG_SUBMIT(record);
}

#endif
