/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* 1 in N packets, with the beginning of what they carry. */
#ifndef TELEGEN_PACKET_SAMPLE_H
#define TELEGEN_PACKET_SAMPLE_H

#include "telegen/packet_count.h"

/* Set by user space before load: the head of 1 in so many packets; 0: none. At most 2^31. */
const volatile __u32 tg_sample_rate = 0;

/* Packets until one is sampled; 0: not yet thrown. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} tg_until_sample SEC(".maps");

/* The distance to the next one is random, from 1 to twice the rate less 1: one throw a sample instead of one a packet. */
static __always_inline int tg_is_sampled(void)
{
	__u32 slot = 0, *left;

	if (!tg_sample_rate)
		return 0;
	left = bpf_map_lookup_elem(&tg_until_sample, &slot);
	if (!left)
		return 0;
	if (!*left)
		*left = 1 + bpf_get_prandom_u32() % (2 * tg_sample_rate - 1);
	*left -= 1;
	return !*left;
}

/* Copies from the frame of a context. */
typedef long (*tg_load)(void *ctx, __u32 offset, void *to, __u32 length);

static __always_inline void tg_sample_payload(void *ctx, const struct tg_packet *packet, __u32 end,
					      struct tg_sample *sample, tg_load load)
{
	__u64 length;

	sample->payload_size = 0;
	if (packet->ip_end && packet->ip_end < end)
		end = packet->ip_end;
	if (!packet->payload || packet->payload >= end)
		return;
	length = end - packet->payload;
	if (length > TG_SAMPLE_PAYLOAD)
		length = TG_SAMPLE_PAYLOAD;
	/* Says to the verifier that it is not zero. */
	length -= 1;
	barrier_var(length);
	if (length < TG_SAMPLE_PAYLOAD && !load(ctx, packet->payload, sample->payload, length + 1))
		sample->payload_size = length + 1;
}

/* `size`: bytes of the frame as the context holds it. */
static __always_inline void tg_take_sample(void *ctx, const struct tg_packet *packet, const struct tg_frame *frame,
					   __u32 size, tg_load load)
{
	struct tg_sample *sample = bpf_ringbuf_reserve(&tg_samples, sizeof(*sample), 0);

	tg_packet_stat_add(sample ? TG_PACKET_STAT_SAMPLES : TG_PACKET_STAT_SAMPLES_LOST, 1);
	if (!sample)
		return;
	__builtin_memset(sample, 0, sizeof(*sample));
	sample->head.time_ns = bpf_ktime_get_ns();
	sample->head.size = sizeof(*sample);
	sample->head.kind = TG_RECORD_SAMPLE;
	__builtin_memcpy(sample->source, packet->source, sizeof(sample->source));
	__builtin_memcpy(sample->target, packet->target, sizeof(sample->target));
	sample->ifindex = frame->ifindex;
	sample->wire_size = frame->size;
	sample->packets = frame->packets;
	sample->source_port = packet->source_port;
	sample->port = packet->port;
	sample->family = packet->family;
	sample->protocol = packet->protocol;
	sample->direction = frame->outbound ? TG_DIRECTION_SENT : TG_DIRECTION_RECEIVED;
	sample->tcp_flags = packet->tcp_flags;
	tg_sample_payload(ctx, packet, size, sample, load);
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
}

#endif
