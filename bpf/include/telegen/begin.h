/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Which protocol a direction speaks, and where its next message begins. */
#ifndef TELEGEN_BEGIN_H
#define TELEGEN_BEGIN_H

#include "telegen/chunked.h"
#include "telegen/http2.h"
#include "telegen/spoken.h"

/*
 * Segments of one direction that may tell nothing before the connection is left alone. One that is older than telegen may
 * be in the middle of a long body.
 */
#define TG_MAX_SNIFFS 12
#define TG_MAX_LATE_SNIFFS 8192

static __always_inline void tg_preface_begins(struct tg_walk *walk, __u32 before)
{
	walk->stream->protocol = TG_PROTOCOL_HTTP2;
	walk->half->state = TG_STATE_BLOCK;
	walk->half->mark = walk->at - before + TG_PREFACE_SIZE;
}

/* A segment that tells nothing. Protocols that begin in the clear and change to TLS need a few of them. */
static __always_inline void tg_sniffed_nothing(struct tg_walk *walk, const union tg_sniff *bytes, __u32 length)
{
	struct tg_half *half = walk->half;

	tg_note_spoken(walk, bytes, length);
	if (half->sniffs < (walk->stream->late ? TG_MAX_LATE_SNIFFS : TG_MAX_SNIFFS))
		half->sniffs++;
	else
		walk->stream->done = 1;
	half->saved = 0;
	tg_skip(walk, walk->end, 0);
}

static __always_inline int tg_sniffs_frames(const struct tg_walk *walk, const union tg_sniff *bytes, __u32 before)
{
	const struct tg_stream *stream = walk->stream;

	/* The other direction told; of this one the beginning may have been in a hole. */
	if (stream->protocol == TG_PROTOCOL_HTTP2)
		return tg_is_settings(bytes) || (!before && tg_begins_with_frames(walk, bytes));
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

/* What follows the header is sniffed. Behind one nothing counts as unknown, nor as another header. */
static __always_inline int tg_proxy_ends(struct tg_walk *walk, __u32 end)
{
	walk->half->mark = end;
	walk->half->sniffs = 1;
	walk->half->saved = 0;
	return 1;
}

/* The header goes on in the next segment. */
static __always_inline int tg_proxy_waits(struct tg_walk *walk, const union tg_sniff *bytes, __u32 length)
{
	walk->half->saved = 0;
	tg_gather(walk->half, bytes, length, TG_SNIFF_SIZE);
	walk->at = walk->end;
	return 1;
}

static __always_inline int tg_proxy_line(struct tg_walk *walk, const union tg_sniff *bytes, __u32 length, __u32 before)
{
	struct tg_half *half = walk->half;
	__u32 here = walk->end - walk->at, room, size;

	/* Of a line that was begun before, more than those that tell are gone by. */
	if (before < TG_ENOUGH)
		half->head_bytes = before;
	room = TG_PROXY_LINE - half->head_bytes;
	size = tg_line_size(walk->skb, tg_offset(walk, walk->at), room);
	if (size)
		return tg_proxy_ends(walk, walk->at + size);
	if (here >= room)
		return 0;
	half->head_bytes += here;
	return tg_proxy_waits(walk, bytes, length);
}

/* At the header of the PROXY protocol: it is shipped, as user space passes over it. Returns 0 when there is none. */
static __always_inline int tg_passes_proxy(struct tg_walk *walk, const union tg_sniff *bytes, __u32 length, __u32 before)
{
	if (walk->half->sniffs || !(tg_content & (TG_CONTENT_HTTP | TG_CONTENT_TLS)))
		return 0;
	if (length >= TG_ENOUGH && tg_is_proxy_line(bytes))
		return tg_proxy_line(walk, bytes, length, before);
	if (!tg_is_proxy_signature(bytes, length))
		return 0;
	if (length < TG_PROXY_FIXED)
		return tg_proxy_waits(walk, bytes, length);
	return tg_proxy_ends(walk, walk->at - before + TG_PROXY_FIXED + ((__u32)bytes->byte[14] << 8) + bytes->byte[15]);
}

/* How many ends of lines the bytes begin with; zeros stand behind them. */
__noinline int tg_line_ends(const union tg_sniff *bytes)
{
	__u32 i;

	if (!bytes)
		return 0;
	for (i = 0; i < TG_SNIFF_SIZE; i++)
		if (bytes->byte[i] != TG_CR && bytes->byte[i] != TG_LF)
			break;
	return i;
}

/*
 * Empty lines in front of the first request (RFC 9112, 2.2) are left out: for user space the direction begins behind them. A segment
 * of nothing else counts as one that tells nothing.
 */
static __always_inline int tg_passes_empty_lines(struct tg_walk *walk, const union tg_sniff *bytes, __u32 before)
{
	struct tg_half *half = walk->half;
	__u32 count;

	if (before || half->sniffs >= TG_MAX_LATE_SNIFFS || !(tg_content & TG_CONTENT_HTTP))
		return 0;
	count = tg_line_ends(bytes);
	if (!count)
		return 0;
	half->saved = 0;
	walk->at += count;
	walk->from = walk->at;
	if (walk->at == walk->end)
		half->sniffs++;
	return 1;
}

/* More empty lines behind a message: one piece with it, not one for each. */
static __always_inline int tg_adds_empty_lines(struct tg_walk *walk)
{
	union tg_sniff bytes;
	__u32 count;

	if (walk->from == walk->at)
		return 0;
	tg_look(walk, &bytes);
	count = tg_line_ends(&bytes);
	walk->at += count;
	return count > 0;
}

static __always_inline void tg_sniff(struct tg_walk *walk)
{
	struct tg_stream *stream = walk->stream;
	struct tg_half *half = walk->half;
	union tg_sniff bytes;
	__u32 before, length;

	/* In the header of the PROXY protocol. */
	if (tg_ahead(half->mark, walk->at) > 0) {
		walk->at = tg_ahead(half->mark, walk->end) > 0 ? walk->end : half->mark;
		return;
	}
	length = tg_look_start(walk, &bytes, &before);
	if (tg_passes_proxy(walk, &bytes, length, before) || tg_passes_empty_lines(walk, &bytes, before))
		return;
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
		tg_sniffed_nothing(walk, &bytes, length);
	} else if (tg_is_preface(&bytes)) {
		tg_preface_begins(walk, before);
	} else if (tg_is_response(&bytes) || tg_is_request(&bytes, length)) {
		tg_head_begins(walk, &bytes, before);
	} else if (stream->protocol == TG_PROTOCOL_HTTP1) {
		half->state = TG_STATE_MESSAGE;
		half->saved = 0;
		tg_skip(walk, walk->end, 0);
	} else {
		tg_sniffed_nothing(walk, &bytes, length);
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
	} else {
		__u32 empty = before ? 0 : tg_line_ends(&bytes);

		half->saved = 0;
		if (empty)
			walk->at += empty;
		else
			tg_skip(walk, walk->end, 0);
	}
}

#endif
