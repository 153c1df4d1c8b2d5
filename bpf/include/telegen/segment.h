/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* TCP segments as cgroup_skb programs see them: from the IP header on, with payload that is never linear. */
#ifndef TELEGEN_SEGMENT_H
#define TELEGEN_SEGMENT_H

#include "telegen/socket.h"

#define TG_TCP_HEADER_SIZE 20
#define TG_TCP_SYN 2

struct tg_segment {
	__u32 transport; /* offset of the TCP header */
	__u32 payload;   /* offset of the payload */
	__u32 length;    /* of the payload */
	__u32 seq;       /* of its first byte */
};

/* Offset of a header of this protocol from the start of the packet, or 0 when there is something else. */
static __always_inline __u32 tg_transport4(struct __sk_buff *skb, __u8 protocol)
{
	__u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 20 > end || data[9] != protocol)
		return 0;
	/* Only a first fragment has the header. */
	if ((data[6] & 0x1f) | data[7])
		return 0;
	return (data[0] & 15) * 4;
}

#define TG_MAX_EXTENSION_HEADERS 8

static __always_inline int tg_is_extension(__u8 next)
{
	/* hop-by-hop, routing, destination options, and fragment (8 bytes) */
	return next == 0 || next == 43 || next == 60 || next == 44;
}

/* Global, so that the verifier looks at it only once and not at all that follows for each number of headers. */
__noinline __u32 tg_transport6(struct __sk_buff *skb, __u8 protocol)
{
	__u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 offset = 40;
	__u8 next, header[4];
	int i, is_fragment;

	if (data + 40 > end)
		return 0;
	next = data[6];
	for (i = 0; i < TG_MAX_EXTENSION_HEADERS; i++) {
		if (next == protocol)
			return offset;
		if (!tg_is_extension(next) || bpf_skb_load_bytes(skb, offset, header, sizeof(header)))
			return 0;
		is_fragment = next == 44;
		if (is_fragment && (header[2] | (header[3] & 0xf8)))
			return 0;
		next = header[0];
		offset += is_fragment ? 8 : (header[1] + 1) * 8;
	}
	return 0;
}

static __always_inline __u32 tg_transport(struct __sk_buff *skb, __u8 protocol)
{
	return skb->protocol == bpf_htons(0x86dd) ? tg_transport6(skb, protocol) : tg_transport4(skb, protocol);
}

/* Direct packet access may not modify the context in between, so addresses are loaded by copy. */
static __always_inline int tg_addresses4(struct __sk_buff *skb, struct tg_tuple *tuple, int out)
{
	__u32 address[2]; /* source, destination */

	if (bpf_skb_load_bytes(skb, 12, address, sizeof(address)))
		return 0;
	tuple->family = tg_ip4_to_words(tuple->local_ip, address[out ? 0 : 1]);
	tg_ip4_to_words(tuple->remote_ip, address[out ? 1 : 0]);
	return 1;
}

static __always_inline int tg_addresses6(struct __sk_buff *skb, struct tg_tuple *tuple, int out)
{
	__u32 address[8];
	const __u32 *local = out ? address : address + 4, *remote = out ? address + 4 : address;

	if (bpf_skb_load_bytes(skb, 8, address, sizeof(address)))
		return 0;
	tg_ip6_to_words(tuple->local_ip, local[0], local[1], local[2], local[3]);
	tuple->family = tg_ip6_to_words(tuple->remote_ip, remote[0], remote[1], remote[2], remote[3]);
	return 1;
}

/* Both ends of a packet; the protocol's first four bytes are its ports. 0 when it cannot be read. */
static __always_inline int tg_packet_tuple(struct __sk_buff *skb, __u32 transport, struct tg_tuple *tuple, int out)
{
	__u16 ports[2];

	if (bpf_skb_load_bytes(skb, transport, ports, sizeof(ports)))
		return 0;
	tuple->local_port = bpf_ntohs(ports[out ? 0 : 1]);
	tuple->remote_port = bpf_ntohs(ports[out ? 1 : 0]);
	return skb->protocol == bpf_htons(0x86dd) ? tg_addresses6(skb, tuple, out) : tg_addresses4(skb, tuple, out);
}

/* 0 when the packet is no TCP segment with payload. */
static __always_inline int tg_read_segment(struct __sk_buff *skb, struct tg_segment *segment)
{
	__u8 header[14];
	__u32 size;

	segment->transport = tg_transport(skb, TG_IPPROTO_TCP);
	if (!segment->transport || bpf_skb_load_bytes(skb, segment->transport, header, sizeof(header)))
		return 0;
	size = (header[12] >> 4) * 4;
	segment->payload = segment->transport + size;
	if (size < TG_TCP_HEADER_SIZE || skb->len <= segment->payload || header[13] & TG_TCP_SYN)
		return 0;
	segment->length = skb->len - segment->payload;
	segment->seq = ((__u32)header[4] << 24) | ((__u32)header[5] << 16) | ((__u32)header[6] << 8) | header[7];
	return 1;
}

#endif
