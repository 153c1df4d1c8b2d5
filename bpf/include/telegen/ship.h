/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Copying parts of packets into the payload ring, and the walk through one segment that decides which. */
#ifndef TELEGEN_SHIP_H
#define TELEGEN_SHIP_H

#include "telegen/segment.h"

/* Longest HTTP/1 head, bytes. */
const volatile __u32 tg_head_limit = 8192;
/* Bytes of each HTTP body that are shipped, from its beginning; set by user space before load. */
const volatile __u32 tg_body_limit = 0;

/* Whole records come in three sizes, as the verifier wants constants; the reader copies what is used of them. */
#define TG_SMALL 512
#define TG_MEDIUM 2048
#define TG_LARGE 8192
#define TG_ROOM(total) ((total) - sizeof(struct tg_payload))

/* One segment. `from` to `at` is the run that is to be shipped; offsets are sequence numbers. */
struct tg_walk {
	struct __sk_buff *skb;
	struct tg_stream *stream;
	struct tg_half *half;
	struct tg_socket *sock;
	__u32 payload; /* offset of the segment's payload in the packet */
	__u32 start;   /* sequence number of its first byte */
	__u32 end;
	__u32 from;
	__u32 at;
	__u32 skip_to;
	__u8 out;
	__u8 skips;    /* the run ends here: ship it, then go on at skip_to */
	__u8 complete; /* at skip_to a body or frame is over */
	__u8 flags;    /* of the pieces */
	__u8 holds;    /* the half is ours */
};

/* a - b of sequence numbers */
static __always_inline __s32 tg_ahead(__u32 a, __u32 b)
{
	return (__s32)(a - b);
}

static __always_inline __u32 tg_offset(const struct tg_walk *walk, __u32 seq)
{
	return walk->payload + (seq - walk->start);
}

/* Copies `length` bytes; the forms of it that look simpler are refused by the verifier ("invalid zero-sized read"). */
static __always_inline int tg_copy(struct __sk_buff *skb, __u32 offset, void *to, __u64 length, __u64 room)
{
	if (!length)
		return 0;
	length -= 1;
	asm volatile("" : "+r"(length));
	if (length >= room)
		return -1;
	return bpf_skb_load_bytes(skb, offset, to, length + 1);
}

static __always_inline struct tg_payload *tg_payload_reserve(__u64 total)
{
	struct tg_payload *piece = bpf_ringbuf_reserve(&tg_payloads, total, 0);

	tg_count(TG_COUNTER_PAYLOAD, piece != 0);
	return piece;
}

static __always_inline void tg_payload_fill(struct tg_payload *piece, const struct tg_socket *sock, __u32 length)
{
	tg_fill_head(&piece->head, TG_RECORD_PAYLOAD, (sizeof(*piece) + length + 7) & ~7u, bpf_ktime_get_ns());
	piece->owner = sock->owner;
	piece->length = length;
	piece->attribution = sock->attribution;
	__builtin_memset(piece->pad, 0, sizeof(piece->pad));
}

/* Everything but what depends on the bytes. */
static __always_inline void tg_piece_fill(struct tg_payload *piece, const struct tg_walk *walk, __u32 seq, __u32 length)
{
	const struct tg_half *half = walk->half;
	__u8 flags = walk->flags;

	tg_payload_fill(piece, walk->sock, length);
	piece->tuple = walk->sock->tuple;
	piece->cookie = walk->sock->cookie;
	piece->seq = seq;
	piece->ordinal = half->ordinal;
	piece->direction = walk->out ? TG_DIRECTION_SENT : TG_DIRECTION_RECEIVED;
	if (walk->stream->late)
		flags |= TG_PIECE_LATE;
	if (walk->stream->protocol == TG_PROTOCOL_HTTP2 && !(flags & TG_PIECE_UNORDERED))
		flags |= half->flags & TG_HALF_CONTENT ? TG_PIECE_ALIGNED : TG_PIECE_ALIGNED | TG_PIECE_QUIET;
	piece->flags = flags;
	piece->passed = 0;
}

/* A piece was made, or found no room: either way it counts. */
static __always_inline void tg_piece_made(struct tg_walk *walk)
{
	walk->half->ordinal++;
	walk->half->flags &= ~TG_HALF_CONTENT;
	walk->stream->shipped = 1;
}

static __always_inline void tg_ship_in(struct tg_walk *walk, __u64 total, __u32 length, int last)
{
	struct tg_payload *piece = tg_payload_reserve(total);

	if (piece) {
		tg_piece_fill(piece, walk, walk->from, length);
		if (last) {
			piece->passed = walk->skip_to - walk->at;
			if (walk->complete)
				piece->flags |= TG_PIECE_COMPLETE;
		}
		/* What cannot be read is a loss: the next ordinal says so. */
		if (tg_copy(walk->skb, tg_offset(walk, walk->from), piece + 1, length, TG_ROOM(total))) {
			piece->length = 0;
			walk->half->ordinal++;
		}
		TG_SUBMIT(piece);
	}
	tg_piece_made(walk);
	walk->from += length;
}

/* Ships as much of the run as one record holds. */
static __always_inline void tg_ship_run(struct tg_walk *walk)
{
	__u32 length = walk->at - walk->from;

	if (length <= TG_ROOM(TG_SMALL))
		tg_ship_in(walk, TG_SMALL, length, 1);
	else if (length <= TG_ROOM(TG_MEDIUM))
		tg_ship_in(walk, TG_MEDIUM, length, 1);
	else if (length <= TG_ROOM(TG_LARGE))
		tg_ship_in(walk, TG_LARGE, length, 1);
	else
		tg_ship_in(walk, TG_LARGE, TG_ROOM(TG_LARGE), 0);
}

/* How many of `length` bytes of a body are to be shipped. */
static __always_inline __u32 tg_shown_bytes(const struct tg_half *half, __u32 length)
{
	__u32 left = tg_body_limit > half->shown ? tg_body_limit - half->shown : 0;

	return length < left ? length : left;
}

/* Leaves out what follows, up to `to` or the end of the segment. `complete`: a body or frame that was shown ends there. */
static __always_inline void tg_skip(struct tg_walk *walk, __u32 to, int complete)
{
	if (tg_ahead(to, walk->end) > 0) {
		to = walk->end;
		complete = 0;
	}
	walk->skip_to = to;
	walk->complete = complete;
	walk->skips = 1;
}

#endif
