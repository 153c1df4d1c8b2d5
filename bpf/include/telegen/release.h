/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* A socket is closed by its application: in process context, before a FIN is sent. */
#ifndef TELEGEN_RELEASE_H
#define TELEGEN_RELEASE_H

#include "telegen/tcp.h"
#include "telegen/udp.h"

/* A connect() that never sent a packet (no route, or refused by another program): tried, and failed. */
static __always_inline void tg_flush_unsent_attempt(void *ctx, struct tg_socket *sock)
{
	struct tg_end end = { .reason = TG_REASON_UNREACHABLE, .phase = TG_PHASE_FAILED };
	__u64 now;

	if (sock->stage != TG_STAGE_CONNECTING)
		return;
	now = bpf_ktime_get_ns();
	sock->stage = TG_STAGE_ENDED;
	sock->cookie = bpf_get_socket_cookie(ctx);
	tg_judge_peer(sock);
	tg_emit_connection(sock, TG_PHASE_ATTEMPTED, 0, now);
	tg_emit_end(sock, &end, now);
}

/* `older_ended` tells of the end of a connection older than telegen that user space knows of. */
static __always_inline int tg_released(struct bpf_sock *ctx, void (*older_ended)(const void *, struct tg_socket *))
{
	struct tg_socket *sock = tg_socket_find(ctx);

	if (!sock)
		return 1;
	sock->flags |= TG_SOCKET_RELEASED;
	if (ctx->protocol == TG_IPPROTO_UDP) {
		tg_udp_closed(sock);
		return 1;
	}
	tg_flush_unsent_attempt(ctx, sock);
	/* No callback will tell of the end of a connection older than telegen. */
	if (tg_content && !sock->has_seq)
		tg_stream_ended(ctx, sock, 0);
	/* Who closes an accepted connection has worked on it: better than the listener's owner. */
	if (sock->stage == TG_STAGE_ESTABLISHED && sock->tuple.role == TG_ROLE_SERVER &&
	    sock->attribution != TG_ATTRIBUTION_WORKER)
		tg_take_worker(sock);
	if (sock->stage == TG_STAGE_ESTABLISHED && sock->flags & TG_SOCKET_OLDER && sock->flags & TG_SOCKET_TOLD)
		older_ended(ctx, sock);
	return 1;
}

#endif
