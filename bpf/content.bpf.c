// SPDX-License-Identifier: GPL-2.0-only
/*
 * What conversations say: replaces the packet programs of the core object where somebody wants content. UAPI headers
 * only, but bpf_loop: Linux 5.17.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "telegen/udp.h"
#include "telegen/walk.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- datagrams --------------------------------------------------------------------------------------------------- */

static __always_inline int tg_is_dns_port(__u16 port)
{
	return port == TG_DNS_PORT || port == TG_MDNS_PORT;
}

/* A client's first flight is padded to this size (RFC 9000, 14.1), so that most datagrams need no look. */
#define TG_QUIC_FIRST_SIZE 1200
/* Bytes of a long header up to the version (RFC 9000, 17.2): bits of the first tell the form and the type. */
#define TG_QUIC_LOOK 5
#define TG_QUIC_V1 0x00000001
#define TG_QUIC_V2 0x6b3343cf /* RFC 9369 */

/* An Initial packet of a client: the ClientHello is in there, under keys that everybody can derive. */
static __always_inline int tg_is_quic_initial(struct __sk_buff *skb, const struct tg_datagram *datagram, int out)
{
	__u8 byte[TG_QUIC_LOOK];
	__u32 version;

	if (datagram->length < TG_QUIC_FIRST_SIZE || (datagram->tuple.role == TG_ROLE_CLIENT) != out)
		return 0;
	if (bpf_skb_load_bytes(skb, datagram->payload, byte, sizeof(byte)))
		return 0;
	version = (__u32)byte[1] << 24 | byte[2] << 16 | byte[3] << 8 | byte[4];
	return ((byte[0] & 0xf0) == 0xc0 && version == TG_QUIC_V1) || ((byte[0] & 0xf0) == 0xd0 && version == TG_QUIC_V2);
}

static __always_inline int tg_is_datagram_wanted(struct __sk_buff *skb, const struct tg_datagram *datagram, int out)
{
	const struct tg_tuple *tuple = &datagram->tuple;

	if (tg_content & TG_CONTENT_DNS && (tg_is_dns_port(tuple->local_port) || tg_is_dns_port(tuple->remote_port)))
		return 1;
	return tg_content & TG_CONTENT_TLS && tg_is_quic_initial(skb, datagram, out);
}

static __always_inline struct tg_payload *tg_datagram_in(struct __sk_buff *skb, const struct tg_datagram *datagram,
							 int out, __u64 total)
{
	struct tg_payload *piece = tg_payload_reserve(total);
	__u32 length = datagram->length;

	if (!piece)
		return 0;
	if (length > TG_ROOM(total))
		length = TG_ROOM(total);
	if (tg_copy(skb, datagram->payload, piece + 1, length, TG_ROOM(total)))
		length = 0;
	tg_payload_fill(piece, datagram->sock, length);
	piece->tuple = datagram->tuple;
	piece->cookie = datagram->sock->cookie;
	piece->seq = 0;
	piece->ordinal = 0;
	piece->direction = out ? TG_DIRECTION_SENT : TG_DIRECTION_RECEIVED;
	piece->flags = 0;
	piece->passed = 0;
	return piece;
}

static __always_inline void tg_ship_datagram(struct __sk_buff *skb, const struct tg_datagram *datagram, int out)
{
	struct tg_payload *piece;

	if (datagram->length <= TG_ROOM(TG_SMALL))
		piece = tg_datagram_in(skb, datagram, out, TG_SMALL);
	else if (datagram->length <= TG_ROOM(TG_MEDIUM))
		piece = tg_datagram_in(skb, datagram, out, TG_MEDIUM);
	else
		piece = tg_datagram_in(skb, datagram, out, TG_LARGE);
	if (piece)
		TG_SUBMIT(piece);
}

/* Datagrams that one call sends (UDP_SEGMENT) pass as one packet; its parts but the last have gso_size bytes. */
struct tg_datagrams {
	struct __sk_buff *skb;
	const struct tg_datagram *whole;
	__u32 size;
	int out;
};
#define TG_MAX_DATAGRAMS 128 /* the kernel's UDP_MAX_SEGMENTS */

static long tg_ship_part(__u32 index, struct tg_datagrams *all)
{
	struct tg_datagram part = *all->whole;
	__u32 before = index * all->size;

	if (before >= part.length)
		return 1;
	part.payload += before;
	part.length -= before;
	if (part.length > all->size)
		part.length = all->size;
	if (tg_is_datagram_wanted(all->skb, &part, all->out))
		tg_ship_datagram(all->skb, &part, all->out);
	return 0;
}

static __always_inline void tg_ship_datagrams(struct __sk_buff *skb, const struct tg_datagram *whole, int out)
{
	struct tg_datagrams all = { .skb = skb, .whole = whole, .size = skb->gso_size, .out = out };

	if (all.size && all.size < whole->length)
		bpf_loop(TG_MAX_DATAGRAMS, tg_ship_part, &all, 0);
	else if (tg_is_datagram_wanted(skb, whole, out))
		tg_ship_datagram(skb, whole, out);
}

/* ---- streams ------------------------------------------------------------------------------------------------------ */

/* State of a socket that was there before telegen: what packets tell. Which end opened it is not known. */
static __always_inline int tg_meet_late(struct __sk_buff *skb, const struct tg_segment *segment, struct tg_socket *sock,
					int out)
{
	struct tg_tuple tuple = { .protocol = TG_IPPROTO_TCP };

	if (!tg_packet_tuple(skb, segment->transport, &tuple, out))
		return 0;
	sock->tuple = tuple;
	sock->cookie = bpf_get_socket_cookie(skb);
	return 1;
}

static __always_inline struct tg_stream *tg_stream_open(struct __sk_buff *skb, struct bpf_sock *sk,
							const struct tg_segment *segment, struct tg_socket *sock, int out)
{
	struct tg_stream *stream;

	if (sock->stage != TG_STAGE_ESTABLISHED && sock->stage != TG_STAGE_ENDED && !tg_meet_late(skb, segment, sock, out))
		return 0;
	stream = bpf_sk_storage_get(&tg_streams, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!stream) {
		tg_count(TG_COUNTER_STREAM_STATE, 0);
		return 0;
	}
	stream->late = !sock->has_seq;
	stream->is_dns = tg_content & TG_CONTENT_DNS &&
			 (tg_is_dns_port(sock->tuple.local_port) || tg_is_dns_port(sock->tuple.remote_port));
	return stream;
}

static __always_inline void tg_half_begin(struct tg_half *half, const struct tg_stream *stream,
					  const struct tg_socket *sock, const struct tg_segment *segment, int out)
{
	half->flags = TG_HALF_STARTED;
	half->mark = sock->has_seq ? sock->first_seq[out] : segment->seq;
	half->seen = half->mark;
	half->budget = TG_UNORDERED_BUDGET;
	half->state = TG_STATE_SNIFF;
	if (stream->is_dns) {
		half->state = TG_STATE_SHIP;
		half->mark += TG_DNS_BUDGET;
	}
}

/*
 * With TCP_DEFER_ACCEPT the first bytes come to the listener, before there is a socket of the connection. They carry
 * its tuple; user space puts them in front of what that socket receives.
 */
static __always_inline void tg_ship_orphan(struct __sk_buff *skb, struct bpf_sock *sk, const struct tg_segment *segment)
{
	struct tg_datagram bytes = { .payload = segment->payload, .length = segment->length };
	struct tg_payload *piece;

	bytes.sock = tg_socket_find(sk);
	bytes.tuple.protocol = TG_IPPROTO_TCP;
	bytes.tuple.role = TG_ROLE_SERVER;
	if (!bytes.sock || !tg_packet_tuple(skb, segment->transport, &bytes.tuple, 0))
		return;
	piece = tg_datagram_in(skb, &bytes, 0, TG_LARGE);
	if (!piece)
		return;
	piece->seq = segment->seq;
	piece->flags = TG_PIECE_ORPHAN;
	TG_SUBMIT(piece);
}

static __always_inline int tg_is_listener(struct bpf_sock *sk)
{
	struct bpf_sock *full = bpf_sk_fullsock(sk);

	return full && full->state == BPF_TCP_LISTEN;
}

/* How often another program's end is looked for: some 2 ms. Its processor may be taken away meanwhile where machines are virtual. */
#define TG_PATIENCE 65536

static long tg_try_half(__u32 index, struct tg_walk *walk)
{
	if (__sync_lock_test_and_set(&walk->half->busy, 1))
		return 0;
	walk->holds = 1;
	return 1;
}

/* One segment of a direction at a time. What cannot wait any longer is a loss: the next ordinal says so. */
static __always_inline int tg_take_half(struct tg_walk *walk)
{
	if (tg_try_half(0, walk))
		return 1;
	bpf_loop(TG_PATIENCE, tg_try_half, walk, 0);
	if (!walk->holds)
		__sync_fetch_and_add(&walk->half->ordinal, 1);
	return walk->holds;
}

static __always_inline void tg_stream_segment(struct __sk_buff *skb, struct bpf_sock *sk,
					      const struct tg_segment *segment, int out)
{
	struct tg_walk walk = {};
	struct tg_stream *stream;
	struct tg_socket *sock;
	struct tg_half *half;

	stream = bpf_sk_storage_get(&tg_streams, sk, 0, 0);
	if (stream && stream->done)
		return;
	if (!stream && !out && tg_is_listener(sk)) {
		tg_ship_orphan(skb, sk, segment);
		return;
	}
	sock = stream ? tg_socket_find(sk) : tg_socket_make(sk);
	if (!sock)
		return;
	if (!stream)
		stream = tg_stream_open(skb, sk, segment, sock, out);
	if (!stream)
		return;
	half = out ? &stream->half[1] : &stream->half[0];
	walk.half = half;
	if (!tg_take_half(&walk))
		return;
	if (!(half->flags & TG_HALF_STARTED))
		tg_half_begin(half, stream, sock, segment, out);
	walk.skb = skb;
	walk.stream = stream;
	walk.sock = sock;
	walk.payload = segment->payload;
	walk.start = segment->seq;
	walk.end = segment->seq + segment->length;
	walk.out = out;
	tg_walk_segment(&walk);
	__sync_lock_test_and_set(&half->busy, 0);
}

/*
 * Where DNS alone is wanted, other streams only tell what first bytes speak to, which the end of a connection says: without that they
 * need no state. A listener has no peer, and its own port in src_port (host order; the peer's is in network order).
 */
static __always_inline int tg_is_stream_wanted(const struct bpf_sock *sk)
{
	if (tg_content & ~TG_CONTENT_DNS || tg_wants(TG_PHASE_CLOSED))
		return 1;
	return tg_is_dns_port(sk->src_port) || tg_is_dns_port(bpf_ntohs(sk->dst_port));
}

static __always_inline void tg_packet(struct __sk_buff *skb, int out)
{
	struct tg_datagram datagram = {};
	struct bpf_sock *sk = skb->sk;
	struct tg_segment segment;

	if (!sk)
		return;
	if (tg_is_stream_wanted(sk) && tg_read_segment(skb, &segment)) {
		tg_stream_segment(skb, sk, &segment, out);
		return;
	}
	if (tg_udp_packet(skb, out, &datagram))
		tg_ship_datagrams(skb, &datagram, out);
}

SEC("cgroup_skb/egress")
int tg_egress(struct __sk_buff *skb)
{
	tg_packet(skb, 1);
	return 1;
}

SEC("cgroup_skb/ingress")
int tg_ingress(struct __sk_buff *skb)
{
	tg_packet(skb, 0);
	return 1;
}
