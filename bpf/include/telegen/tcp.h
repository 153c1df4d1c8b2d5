/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Life of a TCP connection from sockops callbacks. None of them runs reliably in process context: the owner comes
 * from the socket. TG_SOCKET_ERROR(ctx) is the exact errno where the including object can read it, else 0.
 */
#ifndef TELEGEN_TCP_H
#define TELEGEN_TCP_H

#include "telegen/socket.h"

#define TG_TCP_FLAGS (BPF_SOCK_OPS_STATE_CB_FLAG | BPF_SOCK_OPS_RTO_CB_FLAG)

/* Setting the flags overwrites what other sockops programs set: always add to what is there. */
static __always_inline void tg_tcp_want_callbacks(struct bpf_sock_ops *ctx)
{
	__u32 flags = ctx->bpf_sock_ops_cb_flags;

	if ((tg_wants_ends() || tg_content) && (flags & TG_TCP_FLAGS) != TG_TCP_FLAGS)
		bpf_sock_ops_cb_flags_set(ctx, flags | TG_TCP_FLAGS);
}

static __always_inline void tg_tcp_fill_tuple(struct bpf_sock_ops *ctx, struct tg_tuple *tuple, __u8 role)
{
	if (ctx->family == TG_AF_INET) {
		tg_ip4_to_words(tuple->local_ip, ctx->local_ip4);
		tuple->family = tg_ip4_to_words(tuple->remote_ip, ctx->remote_ip4);
	} else {
		tg_ip6_to_words(tuple->local_ip, ctx->local_ip6[0], ctx->local_ip6[1], ctx->local_ip6[2],
				ctx->local_ip6[3]);
		tuple->family = tg_ip6_to_words(tuple->remote_ip, ctx->remote_ip6[0], ctx->remote_ip6[1],
						ctx->remote_ip6[2], ctx->remote_ip6[3]);
	}
	tuple->local_port = ctx->local_port;
	tuple->remote_port = bpf_ntohl(ctx->remote_port);
	tuple->protocol = TG_IPPROTO_TCP;
	tuple->role = role;
}

static __always_inline void tg_tcp_begin(struct bpf_sock_ops *ctx, struct tg_socket *sock, __u8 role)
{
	sock->began_ns = bpf_ktime_get_ns();
	sock->cookie = bpf_get_socket_cookie(ctx);
	sock->flags = 0;
	sock->error = 0;
	sock->rcv_nxt_at_fin_wait = 0;
	sock->sampled_segments = 0;
	sock->has_seq = 0;
	sock->spoken = TG_SPOKEN_UNKNOWN;
	tg_tcp_fill_tuple(ctx, &sock->tuple, role);
	tg_judge_peer(sock);
	tg_tcp_want_callbacks(ctx);
}

/* Nothing has been sent or received yet: the places where payload begins. */
static __always_inline void tg_tcp_payload_begins(const struct bpf_sock_ops *ctx, struct tg_socket *sock)
{
	sock->first_seq[TG_DIRECTION_SENT] = ctx->snd_nxt;
	sock->first_seq[TG_DIRECTION_RECEIVED] = ctx->rcv_nxt;
	sock->has_seq = 1;
}

static __always_inline void tg_tcp_connecting(struct bpf_sock_ops *ctx, struct bpf_sock *sk)
{
	struct tg_socket *sock = tg_socket_make(sk);

	if (!sock)
		return;
	tg_tcp_begin(ctx, sock, TG_ROLE_CLIENT);
	sock->stage = TG_STAGE_SYN_SENT;
	tg_emit_connection(sock, TG_PHASE_ATTEMPTED, 0, sock->began_ns);
}

static __always_inline void tg_tcp_established(struct bpf_sock_ops *ctx, struct bpf_sock *sk)
{
	struct tg_socket *sock = tg_socket_find(sk);

	if (!sock || sock->stage != TG_STAGE_SYN_SENT)
		return;
	sock->stage = TG_STAGE_ESTABLISHED;
	tg_tcp_payload_begins(ctx, sock);
	tg_tcp_want_callbacks(ctx);
	tg_emit_connection(sock, TG_PHASE_ESTABLISHED, ctx->srtt_us >> 3, bpf_ktime_get_ns());
}

static __always_inline void tg_tcp_accepted(struct bpf_sock_ops *ctx, struct bpf_sock *sk)
{
	struct tg_socket *sock = tg_socket_make(sk);

	if (!sock)
		return;
	/* The clone carries the listener's owner; a listener without any is older than telegen. */
	if (sock->attribution == TG_ATTRIBUTION_SOCKET)
		sock->attribution = TG_ATTRIBUTION_LISTENER;
	tg_tcp_begin(ctx, sock, TG_ROLE_SERVER);
	tg_tcp_payload_begins(ctx, sock);
	sock->stage = TG_STAGE_ESTABLISHED;
	tg_emit_connection(sock, TG_PHASE_ACCEPTED, ctx->srtt_us >> 3, sock->began_ns);
}

static __always_inline void tg_tcp_listening(struct bpf_sock_ops *ctx, struct bpf_sock *sk)
{
	struct tg_socket *sock = tg_socket_make(sk);

	if (!sock)
		return;
	sock->stage = TG_STAGE_LISTENING;
	/* Accepted sockets inherit the flags. */
	tg_tcp_want_callbacks(ctx);
}

static __always_inline __u32 tg_reason_of_errno(__u16 error)
{
	switch (error) {
	case 111: /* ECONNREFUSED */
		return TG_REASON_REFUSED;
	case 110: /* ETIMEDOUT */
		return TG_REASON_TIMEOUT;
	case 101: /* ENETUNREACH */
	case 113: /* EHOSTUNREACH */
	case 112: /* EHOSTDOWN */
	case 92:  /* ENOPROTOOPT: ICMP protocol unreachable */
		return TG_REASON_UNREACHABLE;
	case 104: /* ECONNRESET */
	case 32:  /* EPIPE: reset after both sides had closed */
		return TG_REASON_RESET;
	default:
		return TG_REASON_UNKNOWN;
	}
}

/* Measured order of events per case: see "Why a connection failed" in ARCHITECTURE.md. */
static __always_inline __u32 tg_tcp_failure(const struct bpf_sock_ops *ctx, const struct tg_socket *sock)
{
	if (sock->flags & TG_SOCKET_RELEASED)
		return TG_REASON_ABORTED;
	if (ctx->segs_in)
		return TG_REASON_REFUSED;
	return sock->flags & TG_SOCKET_RTO_FINAL ? TG_REASON_TIMEOUT : TG_REASON_UNREACHABLE;
}

static __always_inline __u32 tg_tcp_end_reason(const struct tg_socket *sock, __u32 from)
{
	int released = sock->flags & TG_SOCKET_RELEASED;

	if (sock->flags & TG_SOCKET_RTO_FINAL)
		return TG_REASON_TIMEOUT;
	if (from == BPF_TCP_ESTABLISHED || from == BPF_TCP_CLOSE_WAIT)
		return released ? TG_REASON_ABORTED : TG_REASON_RESET;
	if (from == BPF_TCP_FIN_WAIT1)
		return TG_REASON_RESET;
	return TG_REASON_CLOSED;
}

static __always_inline int tg_tcp_fin_sent(__u32 from)
{
	return from == BPF_TCP_FIN_WAIT1 || from == BPF_TCP_FIN_WAIT2 || from == BPF_TCP_CLOSING ||
	       from == BPF_TCP_LAST_ACK || from == BPF_TCP_TIME_WAIT;
}

static __always_inline int tg_tcp_fin_received(const struct bpf_sock_ops *ctx, const struct tg_socket *sock, __u32 from)
{
	if (from == BPF_TCP_CLOSE_WAIT || from == BPF_TCP_LAST_ACK || from == BPF_TCP_CLOSING || from == BPF_TCP_TIME_WAIT)
		return 1;
	/* A reset ends this state without a FIN. */
	if (from != BPF_TCP_FIN_WAIT2 || sock->error)
		return 0;
	/* A closed socket turns to TIME_WAIT at the peer's ACK, usually before the peer's FIN is counted. */
	return !(sock->flags & TG_SOCKET_RELEASED) || ctx->rcv_nxt != sock->rcv_nxt_at_fin_wait;
}

/* tcp_sock counts the SYN of an active open and both FINs as bytes. */
static __always_inline void tg_tcp_count_bytes(const struct bpf_sock_ops *ctx, const struct tg_socket *sock, __u32 from,
					       struct tg_end *end)
{
	__u64 sent = ctx->bytes_acked, received = ctx->bytes_received;
	__u64 extra = sock->tuple.role == TG_ROLE_CLIENT;

	if (tg_tcp_fin_sent(from) && ctx->snd_una == ctx->snd_nxt)
		extra += 1;
	end->bytes_sent = sent > extra ? sent - extra : 0;
	if (received && tg_tcp_fin_received(ctx, sock, from))
		received -= 1;
	end->bytes_received = received;
}

static __always_inline __u32 tg_tcp_ended(struct bpf_sock_ops *ctx, struct tg_socket *sock, __u32 from, __u16 error)
{
	struct tg_end end = {
		.segments_sent = ctx->segs_out,
		.segments_received = ctx->segs_in,
		.retransmits = ctx->total_retrans,
		.phase = TG_PHASE_CLOSED,
	};
	__u32 min_rtt = ctx->rtt_min;

	sock->error = error;
	if (sock->stage == TG_STAGE_SYN_SENT) {
		end.phase = TG_PHASE_FAILED;
		end.reason = tg_reason_of_errno(error);
		if (end.reason == TG_REASON_UNKNOWN)
			end.reason = tg_tcp_failure(ctx, sock);
	} else {
		tg_tcp_count_bytes(ctx, sock, from, &end);
		end.rtt_us = ctx->srtt_us >> 3;
		end.min_rtt_us = min_rtt == ~0u ? 0 : min_rtt;
		end.reason = tg_reason_of_errno(error);
		if (end.reason == TG_REASON_UNKNOWN)
			end.reason = tg_tcp_end_reason(sock, from);
	}
	sock->stage = TG_STAGE_ENDED;
	tg_emit_end(sock, &end, bpf_ktime_get_ns());
	return end.reason;
}

static __always_inline void tg_tcp_state(struct bpf_sock_ops *ctx, struct bpf_sock *sk, __u16 error)
{
	__u32 from = ctx->args[0], to = ctx->args[1];
	__u32 reason = TG_REASON_UNKNOWN;
	struct tg_socket *sock;

	if (to != BPF_TCP_CLOSE)
		tg_tcp_want_callbacks(ctx);
	if (to != BPF_TCP_CLOSE && to != BPF_TCP_FIN_WAIT2)
		return;
	sock = tg_socket_find(sk);
	if (!sock)
		return;
	if (to == BPF_TCP_FIN_WAIT2)
		sock->rcv_nxt_at_fin_wait = ctx->rcv_nxt;
	else if (sock->stage == TG_STAGE_SYN_SENT || sock->stage == TG_STAGE_ESTABLISHED)
		reason = tg_tcp_ended(ctx, sock, from, error);
	if (tg_content && to == BPF_TCP_CLOSE)
		tg_stream_ended(sk, sock, reason == TG_REASON_RESET || reason == TG_REASON_ABORTED);
}

static __always_inline void tg_tcp_retransmission_timeout(struct bpf_sock_ops *ctx, struct bpf_sock *sk)
{
	struct tg_socket *sock;

	/* args[2]: 1 on the timeout after which the kernel gives up. */
	if (!ctx->args[2])
		return;
	sock = tg_socket_find(sk);
	if (sock)
		sock->flags |= TG_SOCKET_RTO_FINAL;
}

static __always_inline int tg_tcp_callback(struct bpf_sock_ops *ctx, __u16 (*error_of)(struct bpf_sock *sk))
{
	__u32 op = ctx->op;
	struct bpf_sock *sk;

	/* Every handshake asks several programs' opinions (window, timeout, ECN); those are not ours. */
	if (op != BPF_SOCK_OPS_STATE_CB && op != BPF_SOCK_OPS_TCP_CONNECT_CB && op != BPF_SOCK_OPS_RTO_CB &&
	    op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB &&
	    op != BPF_SOCK_OPS_TCP_LISTEN_CB)
		return 1;
	sk = ctx->sk;
	if (!sk)
		return 1;
	if (op == BPF_SOCK_OPS_STATE_CB)
		tg_tcp_state(ctx, sk, ctx->args[1] == BPF_TCP_CLOSE ? error_of(sk) : 0);
	else if (op == BPF_SOCK_OPS_TCP_CONNECT_CB)
		tg_tcp_connecting(ctx, sk);
	else if (op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB)
		tg_tcp_established(ctx, sk);
	else if (op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		tg_tcp_accepted(ctx, sk);
	else if (op == BPF_SOCK_OPS_TCP_LISTEN_CB)
		tg_tcp_listening(ctx, sk);
	else
		tg_tcp_retransmission_timeout(ctx, sk);
	return 1;
}

#endif
