/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * HTTP/2: the walk from frame to frame. Header blocks, settings and resets are shipped whole, as the state of HPACK needs
 * every one of them; of DATA only some headers, so that a long body costs no more than a short one.
 */
#ifndef TELEGEN_HTTP2_H
#define TELEGEN_HTTP2_H

#include "telegen/sniff.h"

#define TG_FRAME_HEADER 9
/* Length prefix of a gRPC message. */
#define TG_MESSAGE_PREFIX 5
/* DATA up to this size is shipped whole: a record of its own would cost more. */
#define TG_SMALL_DATA 64
/* DATA frames behind a header block whose headers are shipped, so that small bodies and calls are counted exactly. */
#define TG_SHOWN_FRAMES 16
#define TG_PREFACE_SIZE 24

enum tg_frame_type {
	TG_FRAME_DATA = 0,
	TG_FRAME_HEADERS = 1,
	TG_FRAME_PRIORITY = 2,
	TG_FRAME_RST_STREAM = 3,
	TG_FRAME_SETTINGS = 4,
	TG_FRAME_PUSH_PROMISE = 5,
	TG_FRAME_PING = 6,
	TG_FRAME_GOAWAY = 7,
	TG_FRAME_WINDOW_UPDATE = 8,
	TG_FRAME_CONTINUATION = 9,
};

struct tg_frame {
	__u32 length;
	__u32 stream;
	__u8 type;
	__u8 flags;
};

static __always_inline void tg_frame_read(struct tg_frame *frame, const __u8 *bytes)
{
	frame->length = ((__u32)bytes[0] << 16) | ((__u32)bytes[1] << 8) | bytes[2];
	frame->type = bytes[3];
	frame->flags = bytes[4];
	frame->stream = ((__u32)(bytes[5] & 0x7f) << 24) | ((__u32)bytes[6] << 16) | ((__u32)bytes[7] << 8) | bytes[8];
}

/* RFC 9113, 6: what every frame of a type has. `strict`: also what nearly every one has, for finding the place again. */
static __always_inline int tg_frame_is_legal(const struct tg_frame *frame, int strict)
{
	if (strict && (frame->length > 16384 || frame->type > TG_FRAME_CONTINUATION))
		return 0;
	switch (frame->type) {
	case TG_FRAME_DATA:
	case TG_FRAME_HEADERS:
	case TG_FRAME_PUSH_PROMISE:
	case TG_FRAME_CONTINUATION:
		return frame->stream != 0;
	case TG_FRAME_RST_STREAM:
		return frame->stream != 0 && frame->length == 4;
	case TG_FRAME_PRIORITY:
		return frame->stream != 0 && frame->length == 5;
	case TG_FRAME_SETTINGS:
		return frame->stream == 0 && frame->length % 6 == 0;
	case TG_FRAME_PING:
		return frame->stream == 0 && frame->length == 8;
	case TG_FRAME_GOAWAY:
		return frame->stream == 0 && frame->length >= 8;
	case TG_FRAME_WINDOW_UPDATE:
		return frame->length == 4;
	default:
		return !strict;
	}
}

static __always_inline int tg_is_settings(const union tg_sniff *bytes)
{
	struct tg_frame frame;

	tg_frame_read(&frame, bytes->byte);
	return frame.type == TG_FRAME_SETTINGS && !(frame.flags & ~1) && tg_frame_is_legal(&frame, 1);
}

/* The segment begins with a frame, and ends with it or goes on with another. */
static __always_inline int tg_begins_with_frames(const struct tg_walk *walk, const union tg_sniff *bytes)
{
	struct tg_frame frame;
	__u8 header[TG_FRAME_HEADER];
	__u32 next;

	tg_frame_read(&frame, bytes->byte);
	if (!tg_frame_is_legal(&frame, 1))
		return 0;
	next = walk->at + TG_FRAME_HEADER + frame.length;
	if (next == walk->end)
		return 1;
	if (tg_ahead(walk->end, next) < TG_FRAME_HEADER)
		return 0;
	if (bpf_skb_load_bytes(walk->skb, tg_offset(walk, next), header, sizeof(header)))
		return 0;
	tg_frame_read(&frame, header);
	return tg_frame_is_legal(&frame, 1);
}

/* The place is lost: what follows is shipped as it comes until a segment begins with frames. */
static __always_inline void tg_frames_lost(struct tg_walk *walk)
{
	walk->half->state = TG_STATE_RESYNC;
	walk->half->saved = 0;
	walk->half->flags &= ~TG_HALF_PARTIAL;
	walk->half->ordinal++;
}

/* Ships `shown` bytes behind the frame header, skips the rest of the frame. */
static __always_inline void tg_frame_begins(struct tg_walk *walk, __u32 end_of_frame, __u32 shown, int is_shown_data)
{
	struct tg_half *half = walk->half;
	__u32 ship_to = walk->at + shown;

	half->state = TG_STATE_FRAME;
	half->mark = end_of_frame;
	if (tg_ahead(ship_to, walk->end) > 0)
		ship_to = walk->end;
	walk->at = ship_to;
	if (ship_to == end_of_frame)
		return;
	if (tg_ahead(end_of_frame, walk->end) > 0)
		half->state = is_shown_data ? TG_STATE_DATA : TG_STATE_BLOCK;
	if (!is_shown_data)
		return;
	half->flags |= TG_HALF_NOTIFY;
	tg_skip(walk, end_of_frame, 1);
}

/* Keeps the header of a frame that goes on behind the segment: whoever meets a hole in it must know where he is. */
static __always_inline void tg_hide_header(struct tg_half *half, const struct tg_frame *frame)
{
	half->start[0] = frame->length >> 16;
	half->start[1] = frame->length >> 8;
	half->start[2] = frame->length;
	half->start[3] = frame->type;
	half->start[4] = frame->flags;
	half->start[5] = frame->stream >> 24;
	half->start[6] = frame->stream >> 16;
	half->start[7] = frame->stream >> 8;
	half->start[8] = frame->stream;
	half->flags |= TG_HALF_HIDDEN;
}

/* A frame without content, or DATA that is not shown. */
static __always_inline void tg_frame_left_out(struct tg_walk *walk, const struct tg_frame *frame, __u32 begin,
					      __u32 end_of_frame)
{
	struct tg_half *half = walk->half;

	if (tg_ahead(end_of_frame, walk->end) > 0)
		tg_hide_header(half, frame);
	walk->at = begin;
	half->flags &= ~TG_HALF_NOTIFY;
	half->mark = end_of_frame;
	half->state = tg_ahead(end_of_frame, walk->end) > 0 ? TG_STATE_DATA : TG_STATE_FRAME;
	tg_skip(walk, end_of_frame, 0);
}

/* Bytes of DATA behind its header that are shipped. Streams share the limit of bodies until the next header block. */
static __always_inline __u32 tg_shown_data(struct tg_half *half, __u32 length)
{
	__u32 body = tg_shown_bytes(half, length);

	half->shown += body;
	if (length <= TG_SMALL_DATA)
		return length;
	return body > TG_MESSAGE_PREFIX ? body : TG_MESSAGE_PREFIX;
}

static __always_inline void tg_frame(struct tg_walk *walk, const struct tg_frame *frame, __u32 header_here)
{
	struct tg_half *half = walk->half;
	__u32 begin = walk->at;
	__u32 end_of_frame = begin + header_here + frame->length;
	int shown = half->flags & TG_HALF_PARTIAL ? 1 : 0;
	int is_run = walk->from != walk->at;

	half->flags &= ~(TG_HALF_PARTIAL | TG_HALF_HIDDEN);
	if (!tg_frame_is_legal(frame, 0)) {
		tg_frames_lost(walk);
		return;
	}
	walk->at += header_here;
	switch (frame->type) {
	case TG_FRAME_HEADERS:
	case TG_FRAME_PUSH_PROMISE:
	case TG_FRAME_CONTINUATION:
		half->frames = TG_SHOWN_FRAMES;
		half->shown = 0;
	case TG_FRAME_RST_STREAM:
	case TG_FRAME_SETTINGS:
	case TG_FRAME_GOAWAY:
		tg_frame_begins(walk, end_of_frame, frame->length, 0);
		return;
	case TG_FRAME_DATA:
		/* END_STREAM */
		if (!shown && !half->frames && !(frame->flags & 1)) {
			half->flags |= TG_HALF_CONTENT;
			tg_frame_left_out(walk, frame, begin, end_of_frame);
			return;
		}
		if (half->frames)
			half->frames--;
		tg_frame_begins(walk, end_of_frame, tg_shown_data(half, frame->length), 1);
		return;
	default:
		/* In a run it is cheaper to go on than to begin another record. */
		if (shown || (is_run && frame->length <= TG_SMALL_DATA))
			tg_frame_begins(walk, end_of_frame, frame->length, 0);
		else
			tg_frame_left_out(walk, frame, begin, end_of_frame);
	}
}

static __always_inline void tg_read_frame(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	union tg_sniff bytes;
	__u32 length = tg_look(walk, &bytes), need = TG_FRAME_HEADER;
	struct tg_frame frame;

	if (!half->saved && length >= TG_FRAME_HEADER) {
		tg_frame_read(&frame, bytes.byte);
	} else {
		need = TG_FRAME_HEADER - half->saved;
		tg_gather(half, &bytes, length, TG_FRAME_HEADER);
		if (length < need) {
			/* Shipped as it is: what it belongs to is not known yet. */
			walk->at += length;
			half->flags |= TG_HALF_PARTIAL;
			return;
		}
		half->saved = 0;
		tg_frame_read(&frame, half->start);
	}
	tg_frame(walk, &frame, need);
}

#endif
