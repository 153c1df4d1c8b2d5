/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Counters of TCP connections that are open, and connections that were open before telegen. Needs BTF. */
#ifndef TELEGEN_FLOWS_H
#define TELEGEN_FLOWS_H

#include "telegen/kernel_types.h"
#include "telegen/tcp.h"

/* Set by user space before load: 1 when somebody wants counters of open connections. */
const volatile __u8 tg_flows_wanted = 0;
/* Set by user space before load: telemetry looks at 1 in so many connections. */
const volatile __u32 tg_flow_sample_rate = 1;

/* Of one batch. Ends are told of a connection that is new, or when user space wants all. */
#define TG_FLOW_ROOM 16384
#define TG_FLOW_ENDS_ROOM 4096
#define TG_FLOW_SOCKETS 32768
/* The record of its opening is read by then, even by a slow reader. */
#define TG_FLOW_YOUNG_NS 1000000000ull

/* Written by tg_sample_flows, read by user space through memory that it shares; begun anew for each batch. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TG_FLOW_ROOM);
	__type(key, __u32);
	__type(value, struct tg_flow);
} tg_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TG_FLOW_ENDS_ROOM);
	__type(key, __u32);
	__type(value, struct tg_flow_ends);
} tg_flow_ends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_flow_batch);
} tg_flow_batch SEC(".maps");

struct tg_listening {
	__u32 netns;
	__u32 port;
};

/* Ports that were listened on when telegen began: which end of a connection opened it. Filled once; full: the lower port. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct tg_listening);
	__type(value, __u8);
} tg_listening SEC(".maps");

static __always_inline void tg_listening_key(struct sock *sk, struct tg_listening *key)
{
	key->netns = sk->__sk_common.skc_net.net->ns.inum;
	key->port = sk->__sk_common.skc_num;
}

static __always_inline void tg_note_listener(struct sock *sk)
{
	struct tg_listening key;
	__u8 yes = 1;

	tg_listening_key(sk, &key);
	bpf_map_update_elem(&tg_listening, &key, &yes, BPF_ANY);
}

/* ---- connections older than telegen -------------------------------------------------------------------------- */

static __always_inline int tg_is_open(__u8 state)
{
	return state == BPF_TCP_ESTABLISHED || state == BPF_TCP_FIN_WAIT1 || state == BPF_TCP_FIN_WAIT2 ||
	       state == BPF_TCP_CLOSE_WAIT || state == BPF_TCP_LAST_ACK || state == BPF_TCP_CLOSING;
}

static __always_inline __u8 tg_older_role(struct sock *sk, const struct tg_tuple *tuple)
{
	struct tg_listening key;

	tg_listening_key(sk, &key);
	if (bpf_map_lookup_elem(&tg_listening, &key))
		return TG_ROLE_SERVER;
	key.port = tuple->remote_port;
	if (bpf_map_lookup_elem(&tg_listening, &key))
		return TG_ROLE_CLIENT;
	return tuple->local_port < tuple->remote_port ? TG_ROLE_SERVER : TG_ROLE_CLIENT;
}

static __always_inline void tg_older_tuple(struct sock *sk, struct tg_tuple *tuple)
{
	struct sock_common *common = &sk->__sk_common;

	if (common->skc_family == TG_AF_INET) {
		tg_ip4_to_words(tuple->local_ip, common->skc_rcv_saddr);
		tuple->family = tg_ip4_to_words(tuple->remote_ip, common->skc_daddr);
	} else {
		__u32 *local = common->skc_v6_rcv_saddr.in6_u.u6_addr32, *remote = common->skc_v6_daddr.in6_u.u6_addr32;

		tg_ip6_to_words(tuple->local_ip, local[0], local[1], local[2], local[3]);
		tuple->family = tg_ip6_to_words(tuple->remote_ip, remote[0], remote[1], remote[2], remote[3]);
	}
	tuple->local_port = common->skc_num;
	tuple->remote_port = bpf_ntohs(common->skc_dport);
	tuple->protocol = TG_IPPROTO_TCP;
	tuple->role = tg_older_role(sk, tuple);
}

/* A connection whose beginning was not seen; its owner may be known. */
static __always_inline void tg_adopt(struct sock *sk, struct tg_socket *socket)
{
	tg_older_tuple(sk, &socket->tuple);
	tg_judge_peer(socket);
	socket->cookie = bpf_get_socket_cookie(sk);
	socket->began_ns = bpf_ktime_get_ns();
	socket->stage = TG_STAGE_ESTABLISHED;
	socket->flags = TG_SOCKET_OLDER;
}

/* ---- counters ---------------------------------------------------------------------------------------------------- */

/* What the kernel counts as bytes beyond payload, at most: the SYN of an active open, and FINs. */
static __always_inline __u64 tg_without(__u64 bytes, __u64 extra)
{
	return bytes > extra ? bytes - extra : 0;
}

static __always_inline int tg_fin_received(__u8 state)
{
	return state == BPF_TCP_CLOSE_WAIT || state == BPF_TCP_LAST_ACK || state == BPF_TCP_CLOSING;
}

/*
 * Sampling never leaves out a peer that a list names. Others: the finalizer of MurmurHash3, as
 * src/telemetry/aggregate/sampling.ts has it: both must choose the same.
 */
static __always_inline int tg_is_sampled(const struct tg_socket *socket)
{
	__u32 hash = (__u32)socket->cookie ^ (__u32)(socket->cookie >> 32);

	if (tg_flow_sample_rate <= 1 || socket->listed)
		return 1;
	hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
	hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
	return (hash ^ (hash >> 16)) % tg_flow_sample_rate == 0;
}

static __always_inline void tg_fill_flow(struct tg_flow *flow, const struct tg_socket *socket, struct tcp_sock *tcp)
{
	__u8 state = tcp->inet_conn.icsk_inet.sk.__sk_common.skc_state;
	__u64 extra = socket->tuple.role == TG_ROLE_CLIENT;

	if (state != BPF_TCP_ESTABLISHED && state != BPF_TCP_CLOSE_WAIT)
		extra += 1;
	flow->cookie = socket->cookie;
	flow->bytes_sent = tg_without(tcp->bytes_acked, extra);
	flow->bytes_received = tg_without(tcp->bytes_received, tg_fin_received(state));
	flow->segments_sent = tcp->segs_out;
	flow->segments_received = tcp->segs_in;
	flow->retransmits = tcp->total_retrans;
	flow->rtt_us = tcp->srtt_us >> 3;
	flow->spoken = socket->spoken;
	flow->flags = socket->listed ? TG_FLOW_FLAG_LISTED : 0;
	if (!(socket->flags & TG_SOCKET_TOLD))
		flow->flags |= TG_FLOW_FLAG_FIRST;
	if (socket->flags & TG_SOCKET_OLDER)
		flow->flags |= TG_FLOW_FLAG_OLDER;
}

static __always_inline int tg_is_news_due(const struct tg_socket *socket, __u64 now)
{
	return tg_is_sampled(socket) && (__s64)(now - socket->began_ns) >= (__s64)TG_FLOW_YOUNG_NS;
}

/* Whether there is news of this connection. In this order, as each question needs memory that the last did not. */
static __always_inline int tg_has_news(struct tg_socket *socket, struct tcp_sock *tcp, __u64 now)
{
	int is_first = socket->flags & TG_SOCKET_OLDER && !(socket->flags & TG_SOCKET_TOLD);

	if (!tg_is_open(tcp->inet_conn.icsk_inet.sk.__sk_common.skc_state))
		return 0;
	return is_first || (tg_is_news_due(socket, now) && socket->sampled_segments != tcp->segs_in + tcp->segs_out);
}

static __always_inline int tg_tell_ends(struct tg_flow *flow, const struct tg_socket *socket, struct tg_flow_batch *batch)
{
	__u32 place = batch->ends;
	struct tg_flow_ends *ends = bpf_map_lookup_elem(&tg_flow_ends, &place);

	if (!ends)
		return 0;
	__builtin_memcpy(&ends->tuple, &socket->tuple, sizeof(ends->tuple));
	__builtin_memcpy(&ends->owner, &socket->owner, sizeof(ends->owner));
	ends->attribution = socket->attribution;
	flow->ends = place + 1;
	return 1;
}

/* Returns 0 when there is no room: the socket is to be looked at again. */
static __always_inline int tg_tell_flow(struct tg_socket *socket, struct tcp_sock *tcp, struct tg_flow_batch *batch)
{
	__u32 place = batch->flows, segments = tcp->segs_in + tcp->segs_out;
	struct tg_flow *flow = bpf_map_lookup_elem(&tg_flows, &place);
	int with_ends = batch->all_ends || !(socket->flags & TG_SOCKET_TOLD);

	if (!flow)
		return 0;
	flow->ends = 0;
	if (with_ends && !tg_tell_ends(flow, socket, batch))
		return 0;
	tg_fill_flow(flow, socket, tcp);
	/* The socket ended while it was looked at, and its memory may be another's. */
	if (tcp->inet_conn.icsk_inet.sk.__sk_common.skc_cookie.counter != (__s64)socket->cookie)
		return 1;
	/* What moved meanwhile is news again. */
	socket->sampled_segments = segments;
	socket->flags |= TG_SOCKET_TOLD;
	batch->flows += 1;
	batch->ends += with_ends;
	return 1;
}

/* Returns 0 when there is no room for what is to be told of the socket. `state` may be that of one that has ended. */
static __always_inline int tg_sample(struct sock *sk, struct tg_socket *state, struct tg_flow_batch *batch)
{
	struct tg_socket *socket = state;
	struct tcp_sock *tcp;

	if (state->stage != TG_STAGE_ESTABLISHED && state->stage != TG_STAGE_NEW)
		return 1;
	if (state->stage == TG_STAGE_ESTABLISHED && !(state->flags & TG_SOCKET_OLDER) &&
	    !tg_is_news_due(state, batch->now_ns))
		return 1;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return 1;
	if (state->stage == TG_STAGE_NEW) {
		socket = tg_socket_find(sk);
		if (!socket || socket->stage != TG_STAGE_NEW || !tg_is_open(sk->__sk_common.skc_state))
			return 1;
		tg_adopt(sk, socket);
	}
	return tg_has_news(socket, tcp, batch->now_ns) ? tg_tell_flow(socket, tcp, batch) : 1;
}

/*
 * The end of a connection older than telegen, as far as it can be seen: its application closes it, in process context. `sk` is the
 * kernel's socket.
 */
static __always_inline void tg_older_ended(const void *sk, struct tg_socket *socket)
{
	const struct tcp_sock *tcp = sk;
	__u32 min_rtt = BPF_CORE_READ(tcp, rtt_min.s[0].v);
	__u8 state = BPF_CORE_READ(tcp, inet_conn.icsk_inet.sk.__sk_common.skc_state);
	struct tg_end end = {
		.bytes_sent = tg_without(BPF_CORE_READ(tcp, bytes_acked), socket->tuple.role == TG_ROLE_CLIENT),
		.bytes_received = tg_without(BPF_CORE_READ(tcp, bytes_received), tg_fin_received(state)),
		.segments_sent = BPF_CORE_READ(tcp, segs_out),
		.segments_received = BPF_CORE_READ(tcp, segs_in),
		.retransmits = BPF_CORE_READ(tcp, total_retrans),
		.rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3,
		.min_rtt_us = min_rtt == ~0u ? 0 : min_rtt,
		.reason = state == BPF_TCP_CLOSE ? TG_REASON_RESET : TG_REASON_CLOSED,
		.phase = TG_PHASE_CLOSED,
	};

	socket->stage = TG_STAGE_ENDED;
	tg_emit_end(socket, &end, bpf_ktime_get_ns());
}

#endif
