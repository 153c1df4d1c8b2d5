/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Where packets are counted that have no slot (packet_near.h). Nothing is evicted: what finds no room is counted as such, which costs a packet of
 * a made-up address some 40 ns where eviction costs 600, and keeps every count exact that is kept at all. User space removes
 * what was silent for a while.
 */
#ifndef TELEGEN_PACKET_MAPS_H
#define TELEGEN_PACKET_MAPS_H

#include "telegen/packet.h"

/* Inserted by the first packet of a service; deleted by user space; full: folded into port 0. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tg_service_key);
	__type(value, struct tg_service_counts);
} tg_services SEC(".maps");

/* Inserted by an address's first packet on an interface; deleted by user space; full: not tracked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tg_endpoint_key);
	__type(value, struct tg_endpoint_counts);
} tg_sources SEC(".maps");

/* The same. Apart, so that neither a flood from many addresses nor a sweep over many crowds out the other. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tg_endpoint_key);
	__type(value, struct tg_endpoint_counts);
} tg_destinations SEC(".maps");

/* Inserted by a process's first packet on an interface; deleted by user space; full: not tracked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tg_sender_key);
	__type(value, struct tg_sender);
} tg_senders SEC(".maps");

/* Inserted by probes, within limits; deleted by user space; full: not tracked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tg_probe_key);
	__type(value, struct tg_probe);
} tg_probes SEC(".maps");

/* The addresses of this host (words of tg_tuple). Kept by user space, read for probes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32[4]);
	__type(value, __u32);
} tg_local_addresses SEC(".maps");

/* Bytes of the link header by interface, where packets come without. Kept by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} tg_link_headers SEC(".maps");

/* Probes looked at in the current window. */
struct tg_probe_budget {
	__u32 window;
	__u32 spent;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_probe_budget);
} tg_probe_budgets SEC(".maps");

/*
 * The packet at hand. In a map although it would fit on the stack: the verifier does not follow what is in there, so it
 * looks at what comes behind the parser once, not once for every way through it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_packet);
} tg_packet_at_hand SEC(".maps");

/* Raised by all programs; read by user space. Never deleted. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TG_PACKET_STAT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} tg_packet_stats SEC(".maps");

/* Heads of packets, 1 in N; read by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} tg_samples SEC(".maps");

static __always_inline struct tg_packet *tg_packet_begin(void)
{
	__u32 slot = 0;
	struct tg_packet *packet = bpf_map_lookup_elem(&tg_packet_at_hand, &slot);

	if (packet)
		__builtin_memset(packet, 0, sizeof(*packet));
	return packet;
}

static __always_inline __u32 tg_link_header(__u32 ifindex)
{
	__u32 *size = bpf_map_lookup_elem(&tg_link_headers, &ifindex);

	return size ? *size : 0;
}

/* Packet programs run with softirqs off, so that plain additions to their own CPU's counters are exact. */
static __always_inline void tg_packet_stat_add(__u32 stat, __u64 amount)
{
	__u64 *value = bpf_map_lookup_elem(&tg_packet_stats, &stat);

	if (value)
		*value += amount;
}

#endif
