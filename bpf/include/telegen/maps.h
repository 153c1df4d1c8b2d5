/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The maps that the object files share. */
#ifndef TELEGEN_MAPS_H
#define TELEGEN_MAPS_H

#include "telegen/socket_state.h"
#include "telegen/stream.h"

/* Alert-class records: connections and processes. Inserted by all programs here, read by the addon; size from config. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} tg_events SEC(".maps");

/* What conversations say. Apart from the records above, so that neither can push out the other; size from config. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} tg_payloads SEC(".maps");

/* Inserted at a connection's first payload; lives and dies with the socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tg_stream);
} tg_streams SEC(".maps");

/* Inserted by fork, exec and the seeding step; deleted at exit; the least recently used goes first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, struct tg_process);
} tg_processes SEC(".maps");

/* Inserted at a flow's first datagram; deleted by user space when the flow ends; least recently used goes first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct tg_udp_key);
	__type(value, struct tg_udp_flow);
} tg_udp_flows SEC(".maps");

/* Raised by every program that makes a record; read by user space. Never deleted. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TG_COUNTER_COUNT);
	__type(key, __u32);
	__type(value, struct tg_counter_value);
} tg_counters SEC(".maps");

/* Slot 0 holds the observed cgroup when it is not the root; set by user space before attaching. */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} tg_cgroup SEC(".maps");

#endif
