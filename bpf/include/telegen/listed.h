/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Whether an address is on a list. Sorted ranges that lie apart, in arrays that user space shares: of each table one version is
 * in use while the next is written beside it, and the count of versions says which. Against a hash of addresses with an LPM trie
 * of networks this is one search instead of two, a tenth of the memory, and it is filled without a system call, so also by a
 * process that has given up its capabilities (bench/cases/kernel-lists.ts compares them).
 */
#ifndef TELEGEN_LISTED_H
#define TELEGEN_LISTED_H

#include "telegen/records.h"

/* Set by user space before load: 1 when there are lists; else the verifier removes the search. */
const volatile __u8 tg_lists_wanted = 0;

/* 2^32 rows take one more step than bits. */
#define TG_LISTED_STEPS 33
/* The version was written over meanwhile, which takes two changes within one search. Whoever is told looks again. */
#define TG_LISTED_UNSURE 1

/* By tg_listed_key(). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TG_LISTED_SOURCE_COUNT * 2);
	__type(key, __u32);
	__type(value, struct tg_listed_table);
} tg_listed SEC(".maps");

/* Rows of all IPv4 tables; size from the lists. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_listed_range4);
} tg_listed_ranges4 SEC(".maps");

/* The same for IPv6. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_listed_range6);
} tg_listed_ranges6 SEC(".maps");

/* Of all tables: where in a table a search begins and ends; size from the lists. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_listed_bucket);
} tg_listed_buckets SEC(".maps");

static __always_inline __u32 tg_listed_key(__u32 source, __u8 family)
{
	return source * 2 + (family == 6);
}

/* Where to search for an address whose word is this one; 0: nowhere. */
static __always_inline int tg_listed_bounds(const struct tg_listed_part *part, __u32 word, struct tg_listed_bucket *bounds)
{
	struct tg_listed_bucket *found;
	__u32 place;

	bounds->from = 0;
	bounds->to = part->count;
	if (!part->buckets)
		return part->count != 0;
	if (word < part->least)
		return 0;
	place = (word - part->least) >> (part->shift & 31);
	/* Behind the last bucket only the last row can reach. */
	if (place >= part->buckets) {
		bounds->from = part->count;
		return 1;
	}
	place += part->bucket;
	found = bpf_map_lookup_elem(&tg_listed_buckets, &place);
	if (!found)
		return 0;
	*bounds = *found;
	return 1;
}

static __always_inline int tg_listed_search4(const struct tg_listed_part *part, __u32 ip)
{
	struct tg_listed_bucket bounds;
	struct tg_listed_range4 *range;
	__u32 row;
	int i;

	if (!tg_listed_bounds(part, ip, &bounds))
		return 0;
	for (i = 0; i < TG_LISTED_STEPS && bounds.from < bounds.to; i++) {
		__u32 middle = bounds.from + (bounds.to - bounds.from) / 2;

		row = part->row + middle;
		range = bpf_map_lookup_elem(&tg_listed_ranges4, &row);
		if (!range)
			return 0;
		if (range->first > ip)
			bounds.to = middle;
		else
			bounds.from = middle + 1;
	}
	if (!bounds.from)
		return 0;
	row = part->row + bounds.from - 1;
	range = bpf_map_lookup_elem(&tg_listed_ranges4, &row);
	return range && ip <= range->last;
}

/* Less than 0, 0, or more, as the first address is below, at or above the second. */
static __always_inline int tg_compare6(const __u32 a[4], const __u32 b[4])
{
	int i;

#pragma unroll
	for (i = 0; i < 4; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* Where to search, by the word in which the rows of a table first differ. */
static __always_inline int tg_listed_bounds6(const struct tg_listed_part *part, const __u32 ip[4],
					     struct tg_listed_bucket *bounds)
{
	__u32 word = ip[0];
	int i;

	if (!part->buckets)
		return tg_listed_bounds(part, 0, bounds);
#pragma unroll
	for (i = 0; i < 3; i++) {
		if (i >= (int)part->word)
			continue;
		if (ip[i] < part->shared[i])
			return 0;
		if (ip[i] > part->shared[i]) {
			bounds->from = bounds->to = part->count;
			return 1;
		}
		word = ip[i + 1];
	}
	return tg_listed_bounds(part, word, bounds);
}

static __always_inline int tg_listed_search6(const struct tg_listed_part *part, const __u32 ip[4])
{
	struct tg_listed_bucket bounds;
	struct tg_listed_range6 *range;
	__u32 row;
	int i;

	if (!tg_listed_bounds6(part, ip, &bounds))
		return 0;
	for (i = 0; i < TG_LISTED_STEPS && bounds.from < bounds.to; i++) {
		__u32 middle = bounds.from + (bounds.to - bounds.from) / 2;

		row = part->row + middle;
		range = bpf_map_lookup_elem(&tg_listed_ranges6, &row);
		if (!range)
			return 0;
		if (tg_compare6(range->first, ip) > 0)
			bounds.to = middle;
		else
			bounds.from = middle + 1;
	}
	if (!bounds.from)
		return 0;
	row = part->row + bounds.from - 1;
	range = bpf_map_lookup_elem(&tg_listed_ranges6, &row);
	return range && tg_compare6(ip, range->last) <= 0;
}

static __always_inline int tg_listed_answer(const struct tg_listed_table *table, __u32 generation, int found)
{
	barrier();
	return *(volatile __u32 *)&table->begun - generation < 2 ? found : TG_LISTED_UNSURE;
}

/* Global, so that the verifier looks at a search once and not at every place that asks for one. */
__noinline int tg_listed4(__u32 source, __u32 ip)
{
	__u32 key = tg_listed_key(source, 4);
	struct tg_listed_table *table = bpf_map_lookup_elem(&tg_listed, &key);
	__u32 generation;
	int found;

	if (!table)
		return 0;
	generation = *(volatile __u32 *)&table->generation;
	found = tg_listed_search4(&table->part[generation & 1], ip);
	return tg_listed_answer(table, generation, found);
}

__noinline int tg_listed6(__u32 source, __u64 high, __u64 low)
{
	__u32 ip[4] = { high >> 32, high, low >> 32, low };
	__u32 key = tg_listed_key(source, 6);
	struct tg_listed_table *table = bpf_map_lookup_elem(&tg_listed, &key);
	__u32 generation;
	int found;

	if (!table)
		return 0;
	generation = *(volatile __u32 *)&table->generation;
	found = tg_listed_search6(&table->part[generation & 1], ip);
	return tg_listed_answer(table, generation, found);
}

static __always_inline __u32 tg_listed_generation(__u32 source, __u8 family)
{
	__u32 key = tg_listed_key(source, family);
	struct tg_listed_table *table = bpf_map_lookup_elem(&tg_listed, &key);

	return table ? table->generation : 0;
}

/* Another number whenever tg_is_listed() may have another answer; 0 while there are no lists. */
static __always_inline __u32 tg_lists_version(__u8 family)
{
	return tg_listed_generation(TG_LISTED_SOURCE_LISTS, family) +
	       tg_listed_generation(TG_LISTED_SOURCE_SCORES, family);
}

/* Whether any list names the address (words as in tg_tuple). Port, direction and expiry are user space's to judge. */
static __always_inline int tg_is_listed(const __u32 ip[4], __u8 family)
{
	__u64 high = (__u64)ip[0] << 32 | ip[1], low = (__u64)ip[2] << 32 | ip[3];

	if (!tg_lists_wanted)
		return 0;
	if (family == 4)
		return tg_listed4(TG_LISTED_SOURCE_LISTS, ip[3]) || tg_listed4(TG_LISTED_SOURCE_SCORES, ip[3]);
	return tg_listed6(TG_LISTED_SOURCE_LISTS, high, low) || tg_listed6(TG_LISTED_SOURCE_SCORES, high, low);
}

#endif
