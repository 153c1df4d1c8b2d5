/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * UDP conversations from packets, so that connected and unconnected sockets, IPv4, IPv6 and IPv4-mapped look alike.
 * The first datagram decides the role: sent first is a client, received first is a server.
 */
#ifndef TELEGEN_UDP_H
#define TELEGEN_UDP_H

#include "telegen/socket.h"

#define TG_MAX_EXTENSION_HEADERS 8
#define TG_UDP_HEADER_SIZE 8

/* Offset of the UDP header from the start of the packet, or 0 when this is something else. */
static __always_inline __u32 tg_udp_offset4(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 20 > end || data[9] != TG_IPPROTO_UDP)
		return 0;
	/* Only a first fragment has a UDP header. */
	if ((data[6] & 0x1f) | data[7])
		return 0;
	return (data[0] & 15) * 4;
}

static __always_inline int tg_is_extension(__u8 next)
{
	/* hop-by-hop, routing, destination options, and fragment (8 bytes) */
	return next == 0 || next == 43 || next == 60 || next == 44;
}

static __always_inline __u32 tg_udp_offset6(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 offset = 40;
	__u8 next, header[4];
	int i;

	if (data + 40 > end)
		return 0;
	next = data[6];
	for (i = 0; i < TG_MAX_EXTENSION_HEADERS; i++) {
		if (next == TG_IPPROTO_UDP)
			return offset;
		if (!tg_is_extension(next) || bpf_skb_load_bytes(skb, offset, header, sizeof(header)))
			return 0;
		if (next == 44 && (header[2] | (header[3] & 0xf8)))
			return 0;
		next = header[0];
		offset += header[1] && next != 44 ? (header[1] + 1) * 8 : 8;
	}
	return 0;
}

/* Direct packet access may not modify the context in between, so addresses are loaded by copy. */
static __always_inline int tg_udp_tuple4(struct __sk_buff *skb, struct tg_tuple *tuple, int out)
{
	__u32 address[2]; /* source, destination */

	if (bpf_skb_load_bytes(skb, 12, address, sizeof(address)))
		return 0;
	tuple->family = tg_ip4_to_words(tuple->local_ip, address[out ? 0 : 1]);
	tg_ip4_to_words(tuple->remote_ip, address[out ? 1 : 0]);
	return 1;
}

static __always_inline int tg_udp_tuple6(struct __sk_buff *skb, struct tg_tuple *tuple, int out)
{
	__u32 address[8];
	const __u32 *local = out ? address : address + 4, *remote = out ? address + 4 : address;

	if (bpf_skb_load_bytes(skb, 8, address, sizeof(address)))
		return 0;
	tg_ip6_to_words(tuple->local_ip, local[0], local[1], local[2], local[3]);
	tuple->family = tg_ip6_to_words(tuple->remote_ip, remote[0], remote[1], remote[2], remote[3]);
	return 1;
}

static __always_inline void tg_udp_count(struct tg_udp_flow *flow, struct __sk_buff *skb, __u32 payload, int out)
{
	__u32 packets = skb->gso_segs ? skb->gso_segs : 1;

	flow->last_ns = bpf_ktime_get_ns();
	if (out) {
		__sync_fetch_and_add(&flow->bytes_sent, payload);
		__sync_fetch_and_add(&flow->packets_sent, packets);
	} else {
		__sync_fetch_and_add(&flow->bytes_received, payload);
		__sync_fetch_and_add(&flow->packets_received, packets);
	}
}

static __always_inline void tg_udp_new_flow(struct __sk_buff *skb, struct tg_socket *sock, const struct tg_udp_key *key,
					    struct tg_tuple *tuple, __u32 payload, int out)
{
	struct tg_udp_flow flow = { .first_ns = bpf_ktime_get_ns() };

	tuple->role = out ? TG_ROLE_CLIENT : TG_ROLE_SERVER;
	flow.tuple = *tuple;
	tg_udp_count(&flow, skb, payload, out);
	if (bpf_map_update_elem(&tg_udp_flows, key, &flow, BPF_NOEXIST)) {
		/* Another CPU was first, or the map is full: only the first is no loss. */
		struct tg_udp_flow *other = bpf_map_lookup_elem(&tg_udp_flows, key);

		if (other) {
			tg_udp_count(other, skb, payload, out);
			return;
		}
		tg_count(TG_COUNTER_UDP_FLOW_STATE, 0);
	}
	sock->tuple = *tuple;
	sock->error = 0;
	tg_emit_connection(sock, out ? TG_PHASE_ATTEMPTED : TG_PHASE_ACCEPTED, 0, flow.first_ns);
}

static __always_inline void tg_udp_packet(struct __sk_buff *skb, int out)
{
	__u32 is6 = skb->protocol == bpf_htons(0x86dd);
	__u32 offset = is6 ? tg_udp_offset6(skb) : tg_udp_offset4(skb);
	struct tg_tuple tuple = { .protocol = TG_IPPROTO_UDP };
	struct tg_udp_key key = {};
	struct tg_udp_flow *flow;
	struct tg_socket *sock;
	__u16 ports[2];
	__u32 payload;

	if (!offset || !skb->sk)
		return;
	sock = tg_socket_make(skb->sk);
	if (!sock || bpf_skb_load_bytes(skb, offset, ports, sizeof(ports)))
		return;
	if (!(is6 ? tg_udp_tuple6(skb, &tuple, out) : tg_udp_tuple4(skb, &tuple, out)))
		return;
	tuple.local_port = bpf_ntohs(ports[out ? 0 : 1]);
	tuple.remote_port = bpf_ntohs(ports[out ? 1 : 0]);
	payload = skb->len - offset - TG_UDP_HEADER_SIZE;
	sock->cookie = key.cookie = bpf_get_socket_cookie(skb);
	__builtin_memcpy(key.remote_ip, tuple.remote_ip, sizeof(key.remote_ip));
	key.remote_port = tuple.remote_port;
	flow = bpf_map_lookup_elem(&tg_udp_flows, &key);
	if (flow)
		tg_udp_count(flow, skb, payload, out);
	else
		tg_udp_new_flow(skb, sock, &key, &tuple, payload, out);
}

/* User space knows the socket's flows and reads their counters before it removes them. */
static __always_inline void tg_udp_closed(const struct tg_socket *sock)
{
	struct tg_udp_socket_closed *record;

	/* No datagram ever: nothing was reported, so nothing ends. */
	if (!sock->tuple.family || !tg_wants(TG_PHASE_CLOSED))
		return;
	record = tg_reserve(sizeof(*record), TG_COUNTER_UDP_SOCKET_CLOSED);
	if (!record)
		return;
	tg_fill_head(&record->head, TG_RECORD_UDP_SOCKET_CLOSED, sizeof(*record), bpf_ktime_get_ns());
	record->cookie = sock->cookie;
	TG_SUBMIT(record);
}

#endif
