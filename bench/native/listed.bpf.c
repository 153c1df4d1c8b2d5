// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks up random addresses in the lists as the kernel programs of telegen do, and in a hash of addresses with an LPM trie of
 * networks, LOOKUPS in each run. IPv6 addresses are below 2000::/4, where those of the list are.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "telegen/listed.h"

char LICENSE[] SEC("license") = "GPL";

#define LOOKUPS 20000

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} hosts SEC(".maps");

struct network {
	__u32 bits;
	__u32 address; /* network order */
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct network);
	__type(value, __u32);
} networks SEC(".maps");

struct found {
	__u32 count;
};

static long nothing(__u32 index, struct found *found)
{
	found->count += bpf_get_prandom_u32() == index;
	return 0;
}

static long ranges4(__u32 index, struct found *found)
{
	__u32 ip[4] = { 0, 0, 0, bpf_get_prandom_u32() };

	found->count += tg_is_listed(ip, 4);
	return 0;
}

static long ranges6(__u32 index, struct found *found)
{
	__u32 ip[4] = { 0x20000000 | bpf_get_prandom_u32() >> 4, index, index, index };

	found->count += tg_is_listed(ip, 6);
	return 0;
}

static long hash_and_trie(__u32 index, struct found *found)
{
	__u32 ip = bpf_get_prandom_u32();
	struct network key = { 32, __builtin_bswap32(ip) };

	found->count += bpf_map_lookup_elem(&hosts, &ip) || bpf_map_lookup_elem(&networks, &key);
	return 0;
}

#define RUN(name) \
	SEC("xdp") int run_##name(struct xdp_md *ctx) \
	{ \
		struct found found = {}; \
		bpf_loop(LOOKUPS, name, &found, 0); \
		return found.count; \
	}

RUN(nothing)
RUN(ranges4)
RUN(ranges6)
RUN(hash_and_trie)
