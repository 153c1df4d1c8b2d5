/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * HTTP/1: heads are shipped, bodies left out. Lengths are read here only to find the next head; where they mislead (a
 * response to HEAD, say), a segment that begins like a head is shipped all the same, and user space knows better.
 */
#ifndef TELEGEN_HTTP1_H
#define TELEGEN_HTTP1_H

#include "telegen/head.h"

/* What follows the head that has been read whole. The walk stands behind it. */
static __always_inline void tg_head_ended(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;

	if (half->head & TG_HEAD_SWITCH) {
		half->state = TG_STATE_SNIFF;
		half->sniffs = 0;
		/* The server may speak HTTP/2 before the client does. */
		if (half->head & TG_HEAD_RESPONSE)
			walk->stream->protocol = TG_PROTOCOL_UNKNOWN;
		return;
	}
	if (half->head & TG_HEAD_NO_BODY || (!(half->head & (TG_HEAD_LENGTH | TG_HEAD_CHUNKED | TG_HEAD_RESPONSE)))) {
		half->state = TG_STATE_MESSAGE;
		return;
	}
	if (half->head & TG_HEAD_CHUNKED) {
		half->state = TG_STATE_SIZE;
		half->body = 0;
		half->digits = 0;
		return;
	}
	if (!(half->head & TG_HEAD_LENGTH)) {
		half->state = TG_STATE_MESSAGE;
		return;
	}
	half->state = TG_STATE_MESSAGE;
	if (!half->body)
		return;
	/* Beyond the reach of sequence numbers the next head is found by its looks. */
	half->mark = walk->at + (half->body < 1u << 30 ? (__u32)half->body : 1u << 30);
	if (!tg_body_limit && tg_ahead(walk->end, half->mark) >= 0) {
		tg_skip(walk, half->mark, 1);
		return;
	}
	half->state = TG_STATE_BODY;
	half->flags |= TG_HALF_NOTIFY;
}

static __always_inline void tg_request_begins(struct tg_walk *walk, const union tg_sniff *bytes)
{
	__u64 bit = 1ull << (walk->half->heads & 63);

	if (bytes->byte[0] == 'H' && bytes->byte[1] == 'E' && bytes->byte[4] == ' ')
		__sync_fetch_and_or(&walk->stream->asked_head, bit);
	else
		__sync_fetch_and_and(&walk->stream->asked_head, ~bit);
	walk->half->heads++;
	if (bytes->byte[0] == 'C' && bytes->byte[3] == 'N' && bytes->byte[7] == ' ') /* CONNECT */
		walk->half->head |= TG_HEAD_SWITCH;
}

static __always_inline void tg_response_begins(struct tg_walk *walk, const union tg_sniff *bytes)
{
	const struct tg_half *other = walk->out ? &walk->stream->half[0] : &walk->stream->half[1];
	struct tg_half *half = walk->half;
	__u8 a = bytes->byte[9], b = bytes->byte[10], c = bytes->byte[11];
	int head_asked;

	half->head |= TG_HEAD_RESPONSE;
	if (a == '1' && !(b == '0' && c == '1')) {
		half->head |= TG_HEAD_NO_BODY;
		return;
	}
	/* One without a request, of a conversation that was joined late, answers the last. */
	if ((__s8)(other->heads - half->heads) <= 0)
		half->heads = other->heads - 1;
	head_asked = (walk->stream->asked_head >> (half->heads & 63)) & 1;
	half->heads++;
	if (a == '1')
		half->head |= TG_HEAD_SWITCH;
	else if (head_asked || (a == '2' && b == '0' && c == '4') || (a == '3' && b == '0' && c == '4'))
		half->head |= TG_HEAD_NO_BODY;
}

/* Begins a head; `bytes` are its first, of which `before` were in the segments before. */
static __always_inline void tg_head_begins(struct tg_walk *walk, const union tg_sniff *bytes, __u32 before)
{
	struct tg_half *half = walk->half;

	half->state = TG_STATE_HEAD;
	half->head = TG_HEAD_FIRST_LINE;
	half->head_bytes = before;
	half->line = 0;
	half->body = 0;
	half->shown = 0;
	half->saved = 0;
	if (tg_is_response(bytes))
		tg_response_begins(walk, bytes);
	else
		tg_request_begins(walk, bytes);
}

/* Lines that began in the piece before, or go on in the next. */
static __always_inline void tg_join_lines(struct tg_half *half, const struct tg_scan *scan,
					  const struct tg_head_bytes *bytes, __s32 began)
{
	__s32 start = scan->newline >= 0 ? scan->newline + 1 : began;

	if (half->saved) {
		tg_keep_line(half, bytes, 0, scan->first_line >= 0 ? scan->first_line : scan->length);
		if (scan->first_line < 0)
			return;
		tg_read_line(half);
		half->saved = 0;
	}
	if (scan->length_at >= 0) {
		tg_keep_line(half, bytes, scan->length_at, scan->length);
		tg_read_line(half);
		half->saved = 0;
	}
	if (!scan->end && start >= 0)
		tg_keep_line(half, bytes, start, scan->length);
}

/* Takes what the scan found into the half. Returns 0 when this is no head of HTTP/1. */
static __always_inline int tg_head_scanned(struct tg_half *half, const struct tg_scan *scan,
					   const struct tg_head_bytes *bytes)
{
	if (half->head & TG_HEAD_FIRST_LINE && scan->first_line >= 0) {
		half->head &= ~TG_HEAD_FIRST_LINE;
		if (!(half->head & TG_HEAD_RESPONSE) && !tg_ends_in_version(bytes, scan->first_line))
			return 0;
	}
	if (scan->is_chunked)
		half->head |= TG_HEAD_CHUNKED;
	/* The line begins with this piece where the piece before ended with a line feed. */
	tg_join_lines(half, scan, bytes, half->line == 1 ? 0 : -1);
	return 1;
}

/* Its end is not known: the next head is found by its looks. */
static __always_inline void tg_head_lost(struct tg_walk *walk)
{
	walk->half->state = TG_STATE_MESSAGE;
	walk->half->saved = 0;
	tg_skip(walk, walk->end, 0);
}

/* It only looked like a request: "EHLO mail.example.com", say. */
static __always_inline void tg_no_head(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;

	half->heads--;
	half->saved = 0;
	if (walk->stream->protocol == TG_PROTOCOL_HTTP1)
		half->state = TG_STATE_MESSAGE;
	else
		half->state = TG_STATE_SNIFF;
	half->sniffs++;
	tg_skip(walk, walk->end, 0);
}

/* Ships the head, or the part of it that is in this segment, and moves behind it. */
static __always_inline void tg_ship_head(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	struct tg_scan scan = { .newline = half->line ? -(__s32)half->line : -1000, .first_line = -1,
				.length_at = -1 };
	struct tg_payload *piece = bpf_ringbuf_reserve(&tg_payloads, TG_MEDIUM, 0);
	struct tg_head_bytes *bytes;

	if (!piece) {
		tg_count(TG_COUNTER_PAYLOAD, 0);
		tg_piece_made(walk);
		tg_head_lost(walk);
		return;
	}
	bytes = (struct tg_head_bytes *)(piece + 1);
	scan.length = walk->end - walk->at;
	if (scan.length > TG_HEAD_ROOM)
		scan.length = TG_HEAD_ROOM;
	if (tg_copy(walk->skb, tg_offset(walk, walk->at), bytes, scan.length, TG_HEAD_ROOM))
		scan.length = 0;
	tg_scan_head(bytes, &scan);
	if (!scan.length || !tg_head_scanned(half, &scan, bytes)) {
		bpf_ringbuf_discard(piece, BPF_RB_NO_WAKEUP);
		tg_no_head(walk);
		return;
	}
	if (!(half->head & TG_HEAD_FIRST_LINE))
		walk->stream->protocol = TG_PROTOCOL_HTTP1;
	half->line = tg_line_state(&scan, bytes);
	if (scan.end)
		scan.length = scan.end;
	half->head_bytes += scan.length;
	tg_piece_fill(piece, walk, walk->at, scan.length);
	walk->at += scan.length;
	walk->from = walk->at;
	if (scan.end || half->head_bytes >= tg_head_limit)
		half->saved = 0;
	if (scan.end)
		tg_head_ended(walk);
	else if (half->head_bytes >= tg_head_limit)
		half->state = TG_STATE_MESSAGE;
	if (walk->skips) {
		piece->passed = walk->skip_to - walk->at;
		piece->flags |= TG_PIECE_COMPLETE;
	}
	TG_SUBMIT(piece);
	tg_count(TG_COUNTER_PAYLOAD, 1);
	tg_piece_made(walk);
}

#endif
