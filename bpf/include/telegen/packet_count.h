/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Counting one packet: by service, by source and by destination. */
#ifndef TELEGEN_PACKET_COUNT_H
#define TELEGEN_PACKET_COUNT_H

#include "telegen/listed.h"
#include "telegen/packet_near.h"

/* Set by user space before load: bit (1 << protocol) for each protocol to look at. */
const volatile __u32 tg_protocol_filter = ~0u;

/* Set by user space before load: a bit for each port to look at; unused while tg_filter_ports is 0. */
const volatile __u8 tg_filter_ports = 0;
const volatile __u64 tg_port_filter[1024] = {};

/* One frame as the hook that saw it tells it. */
struct tg_frame {
	__u32 ifindex;
	__u32 size;    /* on the wire: from the link header on, with that of each packet that was put together */
	__u32 packets; /* that the network card, or the stack, had put together */
	__u8 outbound;
	__u8 pad[3];
};

static __always_inline int tg_is_filter_port(__u16 port)
{
	return (tg_port_filter[port >> 6] >> (port & 63)) & 1;
}

/* Whether the filters want it: either port counts, and what has no ports passes no filter of ports. */
static __always_inline int tg_is_wanted(const struct tg_packet *packet)
{
	if (!((tg_protocol_filter >> packet->protocol) & 1))
		return 0;
	return !tg_filter_ports ||
	       (packet->port && (tg_is_filter_port(packet->port) || tg_is_filter_port(packet->source_port)));
}

static __always_inline struct tg_service_counts *tg_service_make(const struct tg_service_key *key)
{
	struct tg_service_counts *counts = tg_near_service(key);
	struct tg_service_counts empty = {};

	if (counts)
		return counts;
	counts = bpf_map_lookup_elem(&tg_services, key);
	if (counts)
		return counts;
	bpf_map_update_elem(&tg_services, key, &empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&tg_services, key);
}

/*
 * From a service to a client: there are as many ports of clients as connections, and none of them is a service. Datagrams
 * that come in may be answers that nobody asked for, so their ports are told apart. src/net/packet/answer.ts is the same.
 */
static __always_inline int tg_is_answer(const struct tg_packet *packet, const struct tg_frame *frame)
{
	if (packet->port < TG_PORT_FIRST_OF_CLIENTS || packet->source_port >= TG_PORT_FIRST_OF_CLIENTS)
		return 0;
	if (packet->protocol == TG_PACKET_PROTOCOL_TCP)
		return (packet->tcp_flags & TG_FLAG_ACK) != 0;
	return frame->outbound;
}

/* The counters of a packet; those of its protocol when there is no room; 0 when there is not even that. */
static __always_inline struct tg_service_counts *tg_service_of(const struct tg_packet *packet,
							       const struct tg_frame *frame, int wanted)
{
	struct tg_service_key key = { .ifindex = frame->ifindex, .protocol = packet->protocol };
	struct tg_service_counts *counts;

	key.port = wanted && !tg_is_answer(packet, frame) ? packet->port : 0;
	key.flags = (frame->outbound ? TG_SERVICE_OUTBOUND : 0) | (wanted ? 0 : TG_SERVICE_FILTERED);
	counts = tg_service_make(&key);
	if (counts)
		return counts;
	tg_packet_stat_add(TG_PACKET_STAT_FOLDED, frame->packets);
	key.port = 0;
	return bpf_map_lookup_elem(&tg_services, &key);
}

static __always_inline void tg_count_flags(struct tg_service_counts *counts, const struct tg_packet *packet)
{
	__u8 flags = packet->tcp_flags;

	/* What most segments carry. */
	if ((flags & ~TG_FLAG_PSH) == TG_FLAG_ACK)
		return;
	if (flags & TG_FLAG_SYN) {
		if (flags & TG_FLAG_ACK)
			counts->syn_ack += 1;
		else
			counts->syn += 1;
	}
	if (flags & TG_FLAG_RST)
		counts->rst += 1;
	if (flags & TG_FLAG_FIN)
		counts->fin += 1;
	if (tg_is_null(packet))
		counts->null_flags += 1;
	else if (tg_is_fin_only(packet))
		counts->fin_only += 1;
	else if (tg_is_xmas(packet))
		counts->xmas += 1;
}

static __always_inline void tg_count_service(struct tg_service_counts *counts, const struct tg_packet *packet,
					     const struct tg_frame *frame)
{
	counts->packets += frame->packets;
	counts->bytes += frame->size;
	if (frame->size <= TG_SMALL_PACKET * frame->packets)
		counts->small += frame->packets;
	if (packet->protocol == TG_PACKET_PROTOCOL_TCP && packet->has_transport)
		tg_count_flags(counts, packet);
}

/* Whether the far end is on a list: looked up when it is new, and when the lists have changed. */
static __always_inline void tg_judge_endpoint(struct tg_endpoint_counts *counts, const struct tg_endpoint_key *key,
					      const struct tg_frame *frame)
{
	__u32 version;

	if (!tg_lists_wanted)
		return;
	version = tg_lists_version(key->family);
	if (counts->judged != version) {
		counts->listed = tg_is_listed(key->ip, key->family);
		counts->judged = version;
	}
	if (counts->listed)
		tg_packet_stat_add(frame->outbound ? TG_PACKET_STAT_LISTED_SENT : TG_PACKET_STAT_LISTED_RECEIVED,
				   frame->packets);
}

/* 0 when there is no room. */
static __always_inline struct tg_endpoint_counts *tg_endpoint_of(void *near, void *map, const struct tg_endpoint_key *key)
{
	struct tg_endpoint_counts *counts = tg_near_endpoint(near, key);
	struct tg_endpoint_counts empty = {};

	if (counts)
		return counts;
	counts = bpf_map_lookup_elem(map, key);
	if (counts)
		return counts;
	/* Fails when another CPU was first, or the map is full. */
	bpf_map_update_elem(map, key, &empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

static __always_inline void tg_count_endpoint(struct tg_endpoint_counts *counts, const struct tg_packet *packet,
					      const struct tg_frame *frame)
{
	int syn = packet->protocol == TG_PACKET_PROTOCOL_TCP && packet->has_transport && tg_is_bare_syn(packet);

	__sync_fetch_and_add(&counts->packets, frame->packets);
	__sync_fetch_and_add(&counts->bytes, frame->size);
	if (syn)
		__sync_fetch_and_add(&counts->syn, 1);
}

static __always_inline void tg_count_endpoints(const struct tg_packet *packet, const struct tg_frame *frame)
{
	struct tg_endpoint_key key = {
		.ifindex = frame->ifindex,
		.family = packet->family,
		.direction = frame->outbound ? TG_DIRECTION_SENT : TG_DIRECTION_RECEIVED,
	};
	struct tg_endpoint_counts *counts;

	__builtin_memcpy(key.ip, packet->source, sizeof(key.ip));
	counts = tg_endpoint_of(&tg_near_sources, &tg_sources, &key);
	if (!counts)
		tg_packet_stat_add(TG_PACKET_STAT_SOURCES_UNTRACKED, frame->packets);
	else
		tg_count_endpoint(counts, packet, frame);
	if (counts && !frame->outbound)
		tg_judge_endpoint(counts, &key, frame);
	__builtin_memcpy(key.ip, packet->target, sizeof(key.ip));
	counts = tg_endpoint_of(&tg_near_destinations, &tg_destinations, &key);
	if (!counts)
		tg_packet_stat_add(TG_PACKET_STAT_DESTINATIONS_UNTRACKED, frame->packets);
	else
		tg_count_endpoint(counts, packet, frame);
	if (counts && frame->outbound)
		tg_judge_endpoint(counts, &key, frame);
}

#endif
