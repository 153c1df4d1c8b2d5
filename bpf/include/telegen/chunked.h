/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* HTTP/1 chunked bodies: size lines and trailers are shipped, chunks left out. */
#ifndef TELEGEN_CHUNKED_H
#define TELEGEN_CHUNKED_H

#include "telegen/http1.h"

/* Chunks up to this size are shipped: a record of their own would cost more. */
#define TG_SMALL_CHUNK 64
#define TG_SIZE_DIGITS 15

static __always_inline int tg_hex(__u8 byte)
{
	__u8 letter = byte | 32;

	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static __always_inline void tg_chunk_begins(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	__u32 size = half->body < 1u << 30 ? (__u32)half->body : 1u << 30;

	half->digits = 0;
	half->head_bytes = 0;
	half->flags &= ~TG_HALF_NOTIFY;
	half->mark = walk->at + size;
	half->body = 0;
	if (!size) {
		half->state = TG_STATE_TRAILER;
		half->line = 1;
		return;
	}
	if (tg_shown_bytes(half, size)) {
		half->state = TG_STATE_CHUNK;
		return;
	}
	half->state = TG_STATE_SIZE;
	if (size <= TG_SMALL_CHUNK && tg_ahead(walk->end, half->mark) >= 0)
		walk->at = half->mark;
	else if (tg_ahead(walk->end, half->mark) >= 0)
		tg_skip(walk, half->mark, 1);
	else {
		half->state = TG_STATE_CHUNK;
		tg_skip(walk, walk->end, 0);
	}
}

/* A size line, as much of it as there is. */
struct tg_size_line {
	__u64 value;  /* in and out */
	__u32 length; /* in: bytes there are */
	__u32 used;   /* up to and with the line feed; 0 while the line goes on */
	__u8 digits;  /* in and out: the size has begun */
	__u8 extension; /* in and out: the size is over, the line is not */
	__u8 bad;
	__u8 pad[5];
};

__noinline int tg_read_size_line(const union tg_sniff *bytes, struct tg_size_line *line)
{
	__u32 i;

	if (!bytes || !line)
		return 0;
	for (i = 0; i < TG_SNIFF_SIZE && i < line->length; i++) {
		__u8 byte = bytes->byte[i];
		int digit = tg_hex(byte);

		if (byte == TG_LF && line->digits) {
			line->used = i + 1;
			return 0;
		}
		if (line->extension || byte == TG_CR)
			continue;
		if (digit >= 0 && line->digits < TG_SIZE_DIGITS) {
			line->value = (line->value << 4) | digit;
			line->digits++;
		} else if (line->digits && (byte == ';' || byte == ' ' || byte == '\t')) {
			line->extension = 1;
		} else if (byte != TG_LF) {
			line->bad = 1;
			return 0;
		}
	}
	return 0;
}

static __always_inline void tg_read_size(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	struct tg_size_line line = { .value = half->body, .digits = half->digits };
	union tg_sniff bytes;

	line.extension = half->head & TG_HEAD_EXTENSION ? 1 : 0;
	line.length = tg_look(walk, &bytes);
	tg_read_size_line(&bytes, &line);
	if (!line.used)
		half->head_bytes += line.length;
	if (line.bad || half->head_bytes > tg_head_limit) {
		tg_head_lost(walk);
		return;
	}
	half->body = line.value;
	half->digits = line.digits;
	half->head &= ~TG_HEAD_EXTENSION;
	if (line.extension && !line.used)
		half->head |= TG_HEAD_EXTENSION;
	walk->at += line.used ? line.used : line.length;
	if (line.used)
		tg_chunk_begins(walk);
}

/* A message without trailers ends with a blank line; trailers are read like a head. */
static __always_inline void tg_read_trailer(struct tg_walk *walk)
{
	struct tg_half *half = walk->half;
	union tg_sniff bytes;
	__u32 length = tg_look(walk, &bytes);

	if (bytes.byte[0] == TG_CR && (length == 1 || bytes.byte[1] == TG_LF)) {
		walk->at += length == 1 ? 1 : 2;
		half->state = length == 1 ? TG_STATE_TRAILER : TG_STATE_MESSAGE;
		return;
	}
	if (bytes.byte[0] == TG_LF) {
		walk->at += 1;
		half->state = TG_STATE_MESSAGE;
		return;
	}
	half->state = TG_STATE_HEAD;
	half->head = TG_HEAD_NO_BODY;
	half->head_bytes = 0;
	half->line = 1;
}

#endif
