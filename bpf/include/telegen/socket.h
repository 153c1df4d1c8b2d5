/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Finding and making the state kept on a socket. */
#ifndef TELEGEN_SOCKET_H
#define TELEGEN_SOCKET_H

#include "telegen/identity.h"

#define TG_AF_INET 2
#define TG_AF_INET6 10
#define TG_IPPROTO_TCP 6
#define TG_IPPROTO_UDP 17

static __always_inline struct tg_socket *tg_socket_find(void *sk)
{
	return bpf_sk_storage_get(&tg_sockets, sk, 0, 0);
}

/* Once per conversation, when its tuple is known. */
static __always_inline void tg_judge_peer(struct tg_socket *sock)
{
	sock->listed = tg_is_listed(sock->tuple.remote_ip, sock->tuple.family);
}

static __always_inline struct tg_socket *tg_socket_make(void *sk)
{
	struct tg_socket *sock = bpf_sk_storage_get(&tg_sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (!sock)
		tg_count(TG_COUNTER_SOCKET_STATE, 0);
	return sock;
}

/* The current process works on an accepted connection; process context only. */
static __always_inline void tg_take_worker(struct tg_socket *sock)
{
	struct tg_owner worker;

	tg_current_owner(&worker);
	/* A process that ends leaves the table before its sockets close: what the socket knows of it is kept. */
	if (worker.start_ns || worker.pid != sock->owner.pid)
		sock->owner = worker;
	sock->attribution = TG_ATTRIBUTION_WORKER;
}

/* The conversation on a socket is over: after the last of its pieces, in the same ring. */
static __always_inline void tg_stream_ended(void *sk, const struct tg_socket *sock, __u8 reset)
{
	struct tg_stream *stream = bpf_sk_storage_get(&tg_streams, sk, 0, 0);
	struct tg_stream_closed *record;
	int i;

	if (!stream || !stream->shipped)
		return;
	stream->shipped = 0;
	record = bpf_ringbuf_reserve(&tg_payloads, sizeof(*record), 0);
	tg_count(TG_COUNTER_STREAM_CLOSED, record != 0);
	if (!record)
		return;
	tg_fill_head(&record->head, TG_RECORD_STREAM_CLOSED, sizeof(*record), bpf_ktime_get_ns());
	record->cookie = sock->cookie;
	record->known = 0;
	record->reset = reset;
	__builtin_memset(record->pad, 0, sizeof(record->pad));
	for (i = 0; i < 2; i++) {
		record->seen[i] = stream->half[i].seen;
		if (stream->half[i].flags & TG_HALF_STARTED)
			record->known |= 1 << i;
	}
	TG_SUBMIT(record);
}

/* The words as the kernel hands them (network order) into host order; folds IPv4-mapped IPv6 into IPv4. */
static __always_inline __u8 tg_ip6_to_words(__u32 words[4], __u32 a, __u32 b, __u32 c, __u32 d)
{
	if (a == 0 && b == 0 && c == bpf_htonl(0xffff)) {
		words[0] = words[1] = words[2] = 0;
		words[3] = bpf_ntohl(d);
		return 4;
	}
	words[0] = bpf_ntohl(a);
	words[1] = bpf_ntohl(b);
	words[2] = bpf_ntohl(c);
	words[3] = bpf_ntohl(d);
	return 6;
}

static __always_inline __u8 tg_ip4_to_words(__u32 words[4], __u32 address)
{
	words[0] = words[1] = words[2] = 0;
	words[3] = bpf_ntohl(address);
	return 4;
}

#endif
