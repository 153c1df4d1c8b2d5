/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Through one segment, step by step: what lies at `mark` decides what is shipped and what is left out. */
#ifndef TELEGEN_WALK_H
#define TELEGEN_WALK_H

#include "telegen/begin.h"
#include "telegen/hole.h"

/* Steps through one segment: hundreds of frames fit into 64 KiB, each takes up to three. */
#define TG_MAX_STEPS 2048
#define TG_DNS_PORT 53
#define TG_MDNS_PORT 5353

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

/* Ships the beginning of a body, as long as nothing of it is missing. Returns whether there was something to ship. */
static __always_inline int tg_show_body(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	__u32 to = tg_ahead(walk->end, half->mark) < 0 ? walk->end : half->mark;
	__u32 length = tg_shown_bytes(half, to - walk->at);

	if (half->state == TG_STATE_DATA || !length)
		return 0;
	if (walk->at == walk->start && walk->at != half->seen) {
		half->shown = tg_body_limit;
		return 0;
	}
	half->shown += length;
	walk->at += length;
	return 1;
}

/* The same as below, behind a run that is open: the piece tells of what is left out. */
static __always_inline void tg_pass_behind_run(struct tg_walk *walk, __u8 next)
{
	struct tg_half *half = walk->half;

	if (tg_ahead(walk->end, half->mark) >= 0) {
		half->state = next;
		half->flags &= ~TG_HALF_NOTIFY;
	}
	tg_skip(walk, half->mark, 1);
}

/* In a "skip" state, at `at`. */
static __always_inline void tg_pass(struct tg_walk *walk, __u8 next)
{
	struct tg_half *half = walk->half;
	union tg_sniff bytes;

	if (tg_body_limit && tg_show_body(walk))
		return;
	if (walk->from != walk->at) {
		tg_pass_behind_run(walk, next);
		return;
	}
	if (tg_ahead(walk->end, half->mark) < 0) {
		/* A response that has no body although it has a length: the next one begins a segment. */
		if (half->state == TG_STATE_BODY && walk->at == walk->start && walk->at == half->seen) {
			tg_look(walk, &bytes);
			if (tg_is_response(&bytes)) {
				half->mark = walk->at;
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
		if (!tg_adds_empty_lines(walk) && !tg_run_is_open(walk))
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

/* ---- one segment ------------------------------------------------------------------------------------------------ */

/* What lies before a mark is left out. */
static __always_inline int tg_is_skipping(const struct tg_half *half)
{
	return half->state == TG_STATE_BODY || half->state == TG_STATE_CHUNK || half->state == TG_STATE_DATA;
}

/* What lies before a mark is shipped; while sniffing it may be the header of the PROXY protocol. */
static __always_inline int tg_ships_to_mark(const struct tg_half *half)
{
	return half->state == TG_STATE_BLOCK || half->state == TG_STATE_SHIP || half->state == TG_STATE_SNIFF;
}

/* The next byte that must not be missing: what is being left out may be. */
static __always_inline __u32 tg_needed(const struct tg_half *half)
{
	return tg_ships_to_mark(half) ? half->seen : half->mark;
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
	walk->at = walk->from = walk->start;
	/* Unless the beginning of a body is wanted, what lies before a mark inside the segment is not. */
	if (tg_is_skipping(half) && !tg_shown_bytes(half, 1) && tg_ahead(half->mark, walk->start) > 0 &&
	    tg_ahead(half->mark, walk->end) < 0)
		walk->at = walk->from = half->mark;
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
	} else if (!tg_is_skipping(half) && (!tg_ships_to_mark(half) || tg_ahead(walk->at, half->mark) > 0)) {
		half->mark = walk->at;
	}
	if (tg_ahead(walk->end, half->seen) > 0)
		half->seen = walk->end;
}

#endif
