/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Slots in which the services and addresses are counted that came first. A hash of the kernel takes 25 to 40 ns to find an
 * entry, a slot 3 to 8: whoever is busy for long finds his slot free at some time, since user space frees those that were silent
 * for a while. Who finds it taken is counted in the hash tables (packet_maps.h); of an entry in both the counts add up.
 */
#ifndef TELEGEN_PACKET_NEAR_H
#define TELEGEN_PACKET_NEAR_H

#include "telegen/packet_maps.h"

/* One part for each CPU that the kernel may have: user space sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TG_NEAR_SLOTS_SERVICES);
	__type(key, __u32);
	__type(value, struct tg_near_service);
} tg_near_services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TG_NEAR_SLOTS_ENDPOINTS);
	__type(key, __u32);
	__type(value, struct tg_near_endpoint);
} tg_near_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TG_NEAR_SLOTS_ENDPOINTS);
	__type(key, __u32);
	__type(value, struct tg_near_endpoint);
} tg_near_destinations SEC(".maps");

/* Odd, and with about as many ones as zeros: all bits of a word tell in the upper half of the product. */
#define TG_MIX_A 0x9e3779b97f4a7c15ull
#define TG_MIX_B 0xc2b2ae3d27d4eb4full
#define TG_MIX_C 0x165667b19e3779f9ull

/* The counters of a service on this CPU; 0: its slot is taken. */
static __always_inline struct tg_service_counts *tg_near_service(const struct tg_service_key *key)
{
	__u64 word;
	__u32 slot;
	struct tg_near_service *near;

	__builtin_memcpy(&word, key, sizeof(word));
	slot = bpf_get_smp_processor_id() * TG_NEAR_SLOTS_SERVICES + (word * TG_MIX_A >> 40) % TG_NEAR_SLOTS_SERVICES;
	near = bpf_map_lookup_elem(&tg_near_services, &slot);
	if (!near)
		return 0;
	if (*(volatile __u64 *)&near->key == word)
		return &near->counts;
	if (*(volatile __u64 *)&near->key)
		return 0;
	__builtin_memset(&near->counts, 0, sizeof(near->counts));
	barrier();
	*(volatile __u64 *)&near->key = word;
	return &near->counts;
}

static __always_inline int tg_is_same_endpoint(const struct tg_near_endpoint *near, const __u64 word[3])
{
	const __u64 *own = (const __u64 *)&near->key;

	return *(volatile __u32 *)&near->state == TG_NEAR_USED && own[0] == word[0] && own[1] == word[1] &&
	       own[2] == word[2];
}

/*
 * The counters of an address, in one of two slots; 0: both are taken. Two CPUs that meet an address at once may take a slot each,
 * or one of them the hash table.
 */
static __always_inline struct tg_endpoint_counts *tg_near_endpoint(void *map, const struct tg_endpoint_key *key)
{
	struct tg_near_endpoint *near;
	__u64 word[3], mixed;
	__u32 slot;
	int i;

	_Static_assert(sizeof(*key) == sizeof(word), "an endpoint's key has three words");
	__builtin_memcpy(word, key, sizeof(word));
	mixed = word[0] * TG_MIX_A ^ word[1] * TG_MIX_B ^ word[2] * TG_MIX_C;
#pragma unroll
	for (i = 0; i < 2; i++) {
		slot = (mixed >> (48 - 16 * i)) % TG_NEAR_SLOTS_ENDPOINTS;
		near = bpf_map_lookup_elem(map, &slot);
		if (!near)
			return 0;
		if (tg_is_same_endpoint(near, word))
			return &near->counts;
		if (near->state != TG_NEAR_FREE ||
		    __sync_val_compare_and_swap(&near->state, TG_NEAR_FREE, TG_NEAR_TAKEN) != TG_NEAR_FREE)
			continue;
		near->key = *key;
		__builtin_memset(&near->counts, 0, sizeof(near->counts));
		__sync_lock_test_and_set(&near->state, TG_NEAR_USED);
		return &near->counts;
	}
	return 0;
}

#endif
