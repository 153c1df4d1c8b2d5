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
	} else if (!before && (bytes.byte[0] == TG_CR || bytes.byte[0] == TG_LF)) {
		/* Empty lines in front of a request (RFC 9112, 2.2) */
		half->saved = 0;
		walk->at += 1;
	} else {
		half->saved = 0;
		tg_skip(walk, walk->end, 0);
	}
}

#endif
