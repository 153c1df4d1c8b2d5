/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * UDP conversations from packets, so that connected and unconnected sockets, IPv4, IPv6 and IPv4-mapped look alike.
 * The first datagram decides the role: sent first is a client, received first is a server.
 */
#ifndef TELEGEN_UDP_H
#define TELEGEN_UDP_H

#include "telegen/segment.h"

#define TG_UDP_HEADER_SIZE 8

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
	tg_judge_peer(sock);
	tg_emit_connection(sock, out ? TG_PHASE_ATTEMPTED : TG_PHASE_ACCEPTED, 0, flow.first_ns);
}

/* The conversation of a datagram, and the socket's state; 0 when the packet is none. */
struct tg_datagram {
	struct tg_tuple tuple;
	struct tg_socket *sock;
	__u32 payload; /* offset */
	__u32 length;
};

/* Counts a datagram; fills `datagram` with the conversation's role. 0 when the packet is none. */
static __always_inline int tg_udp_packet(struct __sk_buff *skb, int out, struct tg_datagram *datagram)
{
	__u32 transport = tg_transport(skb, TG_IPPROTO_UDP);
	struct tg_tuple *tuple = &datagram->tuple;
	struct tg_udp_key key = {};
	struct tg_udp_flow *flow;
	struct tg_socket *sock;

	if (!transport || !skb->sk)
		return 0;
	sock = tg_socket_make(skb->sk);
	tuple->protocol = TG_IPPROTO_UDP;
	if (!sock || !tg_packet_tuple(skb, transport, tuple, out))
		return 0;
	datagram->sock = sock;
	datagram->payload = transport + TG_UDP_HEADER_SIZE;
	datagram->length = skb->len - datagram->payload;
	sock->cookie = key.cookie = bpf_get_socket_cookie(skb);
	__builtin_memcpy(key.remote_ip, tuple->remote_ip, sizeof(key.remote_ip));
	key.remote_port = tuple->remote_port;
	flow = bpf_map_lookup_elem(&tg_udp_flows, &key);
	if (flow) {
		tuple->role = flow->tuple.role;
		tg_udp_count(flow, skb, datagram->length, out);
	} else {
		tg_udp_new_flow(skb, sock, &key, tuple, datagram->length, out);
	}
	return 1;
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
