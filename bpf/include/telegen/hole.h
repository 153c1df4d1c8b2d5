/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Bytes that are missing: noticing that they are, shipping what came early, and where the place is known again. */
#ifndef TELEGEN_HOLE_H
#define TELEGEN_HOLE_H

#include "telegen/ship.h"

/* Bytes shipped while bytes are missing, or while the place is being looked for; then the place is given up. */
#define TG_UNORDERED_BUDGET (256u << 10)
#define TG_DNS_BUDGET (1u << 20)
/* Bytes of a frame header. */
#define TG_HIDDEN_SIZE 9

/* The header of the frame in which the hole lies, when it was left out. */
static __always_inline void tg_ship_hidden_header(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	__u32 length = ((__u32)half->start[0] << 16) | ((__u32)half->start[1] << 8) | half->start[2];
	struct tg_payload *piece = tg_payload_reserve(TG_SMALL);

	if (piece) {
		tg_piece_fill(piece, walk, half->mark - length - TG_HIDDEN_SIZE, TG_HIDDEN_SIZE);
		__builtin_memcpy(piece + 1, half->start, TG_HIDDEN_SIZE);
		TG_SUBMIT(piece);
	}
	tg_piece_made(walk);
}

/*
 * What was left out before the hole is told now: user space would wait for it, too; and where a direction begins, whose first
 * bytes are missing. The place is in a body or frame, or before everything, so the piece is not aligned.
 */
static __always_inline void tg_tell_place(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	struct tg_payload *piece;

	if (half->flags & TG_HALF_HIDDEN)
		tg_ship_hidden_header(walk);
	half->flags &= ~TG_HALF_HIDDEN;
	piece = tg_payload_reserve(TG_SMALL);
	if (piece) {
		tg_piece_fill(piece, walk, half->seen, 0);
		piece->flags &= TG_PIECE_LATE;
		TG_SUBMIT(piece);
	}
	tg_piece_made(walk);
}

/* Whether user space cannot tell from what was shipped where the hole begins. */
static __always_inline int tg_place_is_untold(const struct tg_walk *walk)
{
	const struct tg_half *half = walk->half;

	if (half->state == TG_STATE_SNIFF)
		return !half->ordinal && !walk->stream->late;
	return half->state == TG_STATE_BODY || half->state == TG_STATE_CHUNK || half->state == TG_STATE_DATA;
}

/* Bytes before this segment are missing: they come again, and until then everything is shipped for user space to order. */
static __always_inline void tg_hole_opens(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;

	if (tg_place_is_untold(walk))
		tg_tell_place(walk);
	half->after_hole = half->state;
	half->mark = half->seen;
	half->state = TG_STATE_HOLE;
	__builtin_memset(half->early, 0, sizeof(half->early));
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
		/* The preface was in the hole, and was shipped: a frame comes next. */
		return stream->protocol == TG_PROTOCOL_HTTP2 ? TG_STATE_RESYNC : TG_STATE_SNIFF;
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

/* Adds a range that lies ahead to those that it touches, or to the unused. */
static __always_inline void tg_early_add(struct tg_half *half, __u32 start, __u32 end)
{
	struct tg_range *last = &half->early[0];
	int i;

	for (i = 0; i < TG_EARLY_RANGES; i++) {
		struct tg_range *range = &half->early[i];

		if (range->start == range->end) {
			range->start = start;
			range->end = end;
			return;
		}
		if (tg_ahead(start, range->end) <= 0 && tg_ahead(range->start, end) <= 0) {
			if (tg_ahead(range->start, start) > 0)
				range->start = start;
			if (tg_ahead(end, range->end) > 0)
				range->end = end;
			return;
		}
		if (tg_ahead(range->end, last->end) > 0)
			last = range;
	}
	if (tg_ahead(end, last->end) > 0)
		last->end = end;
}

/* Takes a segment into what is known to be there. Returns whether nothing is missing any more, up to mark. */
__noinline int tg_hole_add(struct tg_half *half, __u32 start, __u32 end)
{
	int i, pass, left = 0;

	if (!half)
		return 0;
	if (tg_ahead(start, half->mark) > 0)
		tg_early_add(half, start, end);
	else if (tg_ahead(end, half->mark) > 0)
		half->mark = end;
	for (pass = 0; pass < TG_EARLY_RANGES; pass++) {
		left = 0;
		for (i = 0; i < TG_EARLY_RANGES; i++) {
			struct tg_range *range = &half->early[i];

			if (range->start == range->end)
				continue;
			if (tg_ahead(range->start, half->mark) > 0) {
				left = 1;
				continue;
			}
			if (tg_ahead(range->end, half->mark) > 0)
				half->mark = range->end;
			range->start = range->end = 0;
		}
	}
	return !left;
}

/* The segment, shipped already, may have filled the hole; without budget nobody waits for that any longer. */
static __always_inline void tg_hole_filled(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;

	if (!half->budget)
		tg_hole_closes(walk, tg_ahead(walk->end, half->seen) > 0 ? walk->end : half->seen);
	else if (tg_hole_add(half, walk->start, walk->end))
		tg_hole_closes(walk, half->mark);
}

#endif
