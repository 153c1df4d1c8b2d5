/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Through one segment, step by step: what lies at `mark` decides what is shipped and what is left out. */
#ifndef TELEGEN_WALK_H
#define TELEGEN_WALK_H

#include "telegen/http1.h"
#include "telegen/http2.h"

/* Steps through one segment: hundreds of frames fit into 64 KiB, each takes up to three. */
#define TG_MAX_STEPS 2048
/* Segments of one direction that may tell nothing before the connection is left alone. */
#define TG_MAX_SNIFFS 12
/* Bytes shipped while bytes are missing, or while the place is being looked for; then the place is given up. */
#define TG_UNORDERED_BUDGET (256u << 10)
#define TG_DNS_BUDGET (1u << 20)
#define TG_DNS_PORT 53
#define TG_MDNS_PORT 5353

static __always_inline void tg_leave_alone(struct tg_walk *walk)
{
	walk->half->state = TG_STATE_IGNORE;
	tg_skip(walk, walk->end, 0);
}

static __always_inline void tg_preface_begins(struct tg_walk *walk, __u32 before)
{
	walk->stream->protocol = TG_PROTOCOL_HTTP2;
	walk->half->state = TG_STATE_BLOCK;
	walk->half->mark = walk->at - before + TG_PREFACE_SIZE;
}

/* A segment that tells nothing. Protocols that begin in the clear and change to TLS need a few of them. */
static __always_inline void tg_sniffed_nothing(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;

	if (half->sniffs < TG_MAX_SNIFFS)
		half->sniffs++;
	else
		walk->stream->done = 1;
	half->saved = 0;
	tg_skip(walk, walk->end, 0);
}

static __always_inline int tg_sniffs_frames(const struct tg_walk *walk, const union tg_sniff *bytes, __u32 before)
{
	const struct tg_stream *stream = walk->stream;

	if (stream->protocol == TG_PROTOCOL_HTTP2 && tg_is_settings(bytes))
		return 1;
	if (before)
		return !stream->protocol && tg_is_settings(bytes);
	return (stream->late || (!stream->protocol && tg_is_settings(bytes))) && tg_begins_with_frames(walk, bytes);
}

/* Too little to tell, and the end of the segment: it is shipped, and kept for the next. */
static __always_inline int tg_waits(struct tg_walk *walk, const union tg_sniff *bytes, __u32 length, int frames)
{
	if (length >= TG_ENOUGH || !tg_may_begin(bytes, length, frames))
		return 0;
	walk->at = walk->end;
	return 1;
}

static __always_inline void tg_sniff(struct tg_walk *walk)
{
	struct tg_stream *stream = walk->stream;
	struct tg_half *half = walk->half;
	union tg_sniff bytes;
	__u32 before, length = tg_look_start(walk, &bytes, &before);

	if (tg_content & TG_CONTENT_HTTP && length >= TG_FRAME_HEADER && before < TG_FRAME_HEADER &&
	    tg_sniffs_frames(walk, &bytes, before)) {
		stream->protocol = TG_PROTOCOL_HTTP2;
		half->state = TG_STATE_FRAME;
		half->saved = before;
	} else if (tg_waits(walk, &bytes, length, stream->protocol != TG_PROTOCOL_HTTP1)) {
		return;
	} else if (tg_content & TG_CONTENT_TLS && tg_is_client_hello(&bytes)) {
		half->state = TG_STATE_SHIP;
		half->mark = walk->at - before + tg_client_hello_size(&bytes);
	} else if (!(tg_content & TG_CONTENT_HTTP)) {
		tg_sniffed_nothing(walk);
	} else if (tg_is_preface(&bytes)) {
		tg_preface_begins(walk, before);
	} else if (tg_is_response(&bytes) || tg_is_request(&bytes, length)) {
		tg_head_begins(walk, &bytes, before);
	} else if (stream->protocol == TG_PROTOCOL_HTTP1) {
		half->state = TG_STATE_MESSAGE;
		half->saved = 0;
		tg_skip(walk, walk->end, 0);
	} else {
		tg_sniffed_nothing(walk);
	}
}

/* Between messages, or in a body of unknown length: a segment, or what follows a body, may begin like a head. */
static __always_inline void tg_message(struct tg_walk *walk)
{
	struct tg_half *other = walk->out ? &walk->stream->half[0] : &walk->stream->half[1];
	struct tg_half *half = walk->half;
	union tg_sniff bytes;
	__u32 before, length = tg_look_start(walk, &bytes, &before);

	if (tg_waits(walk, &bytes, length, 0))
		return;
	if (tg_is_preface(&bytes)) {
		if (other->state == TG_STATE_MESSAGE)
			other->state = TG_STATE_SNIFF;
		tg_preface_begins(walk, before);
	} else if (tg_is_response(&bytes) || tg_is_request(&bytes, length)) {
		tg_head_begins(walk, &bytes, before);
	} else if (!before && (bytes.byte[0] == TG_CR || bytes.byte[0] == TG_LF)) {
		/* Empty lines in front of a request (RFC 9112, 2.2) */
		half->saved = 0;
		walk->at += 1;
	} else {
		half->saved = 0;
		tg_skip(walk, walk->end, 0);
	}
}

/* A body is over: whoever waits for its end is told, also when no other piece follows. */
static __always_inline void tg_notify(struct tg_walk *walk)
{
	struct tg_payload *piece;

	walk->half->flags &= ~TG_HALF_NOTIFY;
	piece = tg_payload_reserve(TG_SMALL);
	if (piece) {
		tg_piece_fill(piece, walk, walk->at, 0);
		piece->flags |= TG_PIECE_COMPLETE;
		piece->flags &= ~TG_PIECE_QUIET;
		TG_SUBMIT(piece);
	}
	tg_piece_made(walk);
}

/* In a "skip" state, at `at`. */
static __always_inline void tg_pass(struct tg_walk *walk, __u8 next)
{
	struct tg_half *half = walk->half;
	union tg_sniff bytes;

	if (tg_ahead(walk->end, half->mark) < 0) {
		/* A response that has no body although it has a length: the next one begins a segment. */
		if (half->state == TG_STATE_BODY && walk->at == walk->start && walk->at == half->seen) {
			tg_look(walk, &bytes);
			if (tg_is_response(&bytes)) {
				tg_head_begins(walk, &bytes, 0);
				return;
			}
		}
		tg_skip(walk, walk->end, 0);
		return;
	}
	walk->at = walk->from = half->mark;
	half->state = next;
	if (half->flags & TG_HALF_NOTIFY)
		tg_notify(walk);
}

/* Ships up to mark. */
static __always_inline void tg_ship_to_mark(struct tg_walk *walk, __u8 next)
{
	struct tg_half *half = walk->half;

	if (tg_ahead(half->mark, walk->end) > 0) {
		walk->at = walk->end;
		return;
	}
	walk->at = half->mark;
	half->state = next;
}

/* The place is lost, or bytes came early: all of it is shipped, within a budget. */
static __always_inline void tg_ship_all(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	__u32 length = walk->end - walk->at;

	if (half->budget < length) {
		half->budget = 0;
		half->ordinal++;
		tg_skip(walk, walk->end, 0);
		return;
	}
	half->budget -= length;
	walk->flags = TG_PIECE_UNORDERED;
	walk->at = walk->end;
}

static __always_inline void tg_resync(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	union tg_sniff bytes;

	if (walk->at == walk->start && tg_look(walk, &bytes) >= TG_FRAME_HEADER && tg_begins_with_frames(walk, &bytes)) {
		half->state = TG_STATE_FRAME;
		half->budget = TG_UNORDERED_BUDGET;
		return;
	}
	tg_ship_all(walk);
}

/* Before a head is shipped, the run before it is. */
static __always_inline int tg_run_is_open(struct tg_walk *walk)
{
	if (walk->from == walk->at)
		return 0;
	walk->skip_to = walk->at;
	walk->complete = 0;
	walk->skips = 1;
	return 1;
}

static __always_inline void tg_decide(struct tg_walk *walk)
{
	switch (walk->half->state) {
	case TG_STATE_SNIFF:
		if (!tg_run_is_open(walk))
			tg_sniff(walk);
		break;
	case TG_STATE_MESSAGE:
		if (!tg_run_is_open(walk))
			tg_message(walk);
		break;
	case TG_STATE_HEAD:
		if (!tg_run_is_open(walk))
			tg_ship_head(walk);
		break;
	case TG_STATE_BODY:
		tg_pass(walk, TG_STATE_MESSAGE);
		break;
	case TG_STATE_SIZE:
		tg_read_size(walk);
		break;
	case TG_STATE_CHUNK:
		tg_pass(walk, TG_STATE_SIZE);
		break;
	case TG_STATE_TRAILER:
		tg_read_trailer(walk);
		break;
	case TG_STATE_FRAME:
		tg_read_frame(walk);
		break;
	case TG_STATE_BLOCK:
		tg_ship_to_mark(walk, TG_STATE_FRAME);
		break;
	case TG_STATE_DATA:
		tg_pass(walk, TG_STATE_FRAME);
		break;
	case TG_STATE_RESYNC:
		tg_resync(walk);
		break;
	case TG_STATE_SHIP:
		tg_ship_to_mark(walk, TG_STATE_IGNORE);
		break;
	case TG_STATE_HOLE:
		tg_ship_all(walk);
		break;
	default:
		tg_skip(walk, walk->end, 0);
	}
}

/* One step: a piece of a run that has ended, or a decision about what lies at `at`. */
static long tg_step(__u32 index, struct tg_walk *walk)
{
	if (walk->skips) {
		if (walk->from != walk->at) {
			tg_ship_run(walk);
			return 0;
		}
		walk->skips = 0;
		walk->at = walk->from = walk->skip_to;
	}
	if (walk->at == walk->end) {
		if (walk->from == walk->at)
			return 1;
		walk->skip_to = walk->end;
		walk->complete = 0;
		walk->skips = 1;
		return 0;
	}
	tg_decide(walk);
	return 0;
}

/* ---- holes ---------------------------------------------------------------------------------------------------- */

/* Bytes before this segment are missing: they come again, and until then everything is shipped for user space to order. */
static __always_inline void tg_hole_opens(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;

	half->after_hole = half->state;
	half->mark = half->seen;
	half->state = TG_STATE_HOLE;
	half->hole_start = walk->start;
	half->hole_end = walk->end;
	half->budget = TG_UNORDERED_BUDGET;
}

/* Where the place is known again once nothing is missing. */
static __always_inline __u8 tg_state_after_hole(const struct tg_stream *stream, const struct tg_half *half)
{
	switch (half->after_hole) {
	case TG_STATE_FRAME:
	case TG_STATE_BLOCK:
	case TG_STATE_DATA:
	case TG_STATE_RESYNC:
		return TG_STATE_RESYNC;
	case TG_STATE_SNIFF:
		return TG_STATE_SNIFF;
	case TG_STATE_SHIP:
		return stream->is_dns ? TG_STATE_SHIP : TG_STATE_IGNORE;
	default:
		return TG_STATE_MESSAGE;
	}
}

static __always_inline void tg_hole_closes(struct tg_walk *walk, __u32 at)
{
	struct tg_half *half = walk->half;

	half->state = tg_state_after_hole(walk->stream, half);
	half->saved = 0;
	half->flags &= TG_HALF_STARTED;
	half->mark = half->state == TG_STATE_SHIP ? at + TG_DNS_BUDGET : at;
}

/* The segment, shipped already, may have filled the hole; without budget nobody waits for that any longer. */
static __always_inline void tg_hole_filled(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;

	if (!half->budget) {
		tg_hole_closes(walk, walk->end);
		return;
	}
	if (tg_ahead(walk->start, half->hole_start) >= 0) {
		if (tg_ahead(walk->end, half->hole_end) > 0)
			half->hole_end = walk->end;
		return;
	}
	if (tg_ahead(walk->start, half->mark) > 0) {
		half->hole_start = walk->start;
		return;
	}
	if (tg_ahead(walk->end, half->mark) > 0)
		half->mark = walk->end;
	if (tg_ahead(half->mark, half->hole_start) >= 0)
		tg_hole_closes(walk, tg_ahead(half->hole_end, half->mark) > 0 ? half->hole_end : half->mark);
}

/* ---- one segment ------------------------------------------------------------------------------------------------ */

/* The next byte that must not be missing: what is being left out may be. */
static __always_inline __u32 tg_needed(const struct tg_half *half)
{
	return half->state == TG_STATE_BLOCK || half->state == TG_STATE_SHIP ? half->seen : half->mark;
}

/* Whether the segment has to be looked at; sets where. */
static __always_inline int tg_enter(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;

	if (half->state == TG_STATE_HOLE) {
		walk->at = walk->from = walk->start;
		return 1;
	}
	if (half->state == TG_STATE_IGNORE || tg_ahead(walk->end, half->seen) <= 0)
		return 0;
	if (tg_ahead(walk->start, tg_needed(half)) > 0) {
		tg_hole_opens(walk);
		walk->at = walk->from = walk->start;
		return 1;
	}
	walk->at = walk->from = tg_ahead(half->mark, walk->start) > 0 && tg_ahead(half->mark, walk->end) < 0 ?
					half->mark : walk->start;
	/* What was seen before is not looked at again; a mark inside the segment lies behind it. */
	if (tg_ahead(half->seen, walk->at) > 0)
		walk->at = walk->from = half->seen;
	return 1;
}

static __always_inline void tg_walk_segment(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;

	if (!tg_enter(walk))
		return;
	bpf_loop(TG_MAX_STEPS, tg_step, walk, 0);
	if (half->state == TG_STATE_HOLE) {
		tg_hole_filled(walk);
	} else if (half->state != TG_STATE_BODY && half->state != TG_STATE_CHUNK && half->state != TG_STATE_DATA &&
		   half->state != TG_STATE_BLOCK && half->state != TG_STATE_SHIP) {
		half->mark = walk->at;
	}
	if (tg_ahead(walk->end, half->seen) > 0)
		half->seen = walk->end;
}

#endif
