/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * HTTP/1: heads are shipped, bodies left out. Lengths are read here only to find the next head; where they mislead (a
 * response to HEAD, say), a segment that begins like a head is shipped all the same, and user space knows better.
 */
#ifndef TELEGEN_HTTP1_H
#define TELEGEN_HTTP1_H

#include "telegen/sniff.h"

/* Bytes of a head in one piece. */
#define TG_HEAD_ROOM TG_ROOM(TG_MEDIUM)
#define TG_LENGTH_DIGITS 16
#define TG_LF 10
#define TG_CR 13
#define TG_LOWER 0x2020202020202020ull
/* Little-endian words of text in small letters; the last is 7 bytes, and TG_LOWER changes none of its bytes but 0. */
#define TG_TRANSFER 0x726566736e617274ull /* "transfer" */
#define TG_ENCODING 0x6e69646f636e652dull /* "-encodin" */
#define TG_CONTENT 0x2d746e65746e6f63ull  /* "content-" */
#define TG_LENGTH 0x003a6874676e656cull   /* "length:" */

struct tg_head_bytes {
	__u8 byte[TG_HEAD_ROOM];
};

/* What one piece of a head holds; positions count from the start of the piece. */
struct tg_scan {
	__u32 length;     /* in: bytes of the piece */
	__s32 newline;    /* in and out: of the last line feed; negative: before this piece */
	__u32 end;        /* behind the blank line that ends the head; 0: not here */
	__s32 first_line; /* of the first line feed; negative: none */
	__s32 length_at;  /* of the line with Content-Length; negative: none */
	__u8 is_chunked;
	__u8 pad[3];
};

struct tg_scan_loop {
	const struct tg_head_bytes *bytes;
	struct tg_scan *scan;
};

/* Eight bytes at `at`, 0 too near to the end. The barriers keep the compiler from computing addresses before the checks. */
static __always_inline __u64 tg_word_at(const struct tg_head_bytes *bytes, __u32 at)
{
	asm volatile("" : "+r"(at));
	return at <= TG_HEAD_ROOM - 8 ? *(const __u64 *)(bytes->byte + at) : 0;
}

static __always_inline int tg_is_cr_at(const struct tg_head_bytes *bytes, __u32 at)
{
	asm volatile("" : "+r"(at));
	return at < TG_HEAD_ROOM && bytes->byte[at] == TG_CR;
}

/* Content-Length and Transfer-Encoding; `at` is the start of a line. */
static __always_inline void tg_note_header(struct tg_scan *scan, const struct tg_head_bytes *bytes, __u32 at)
{
	__u64 first = tg_word_at(bytes, at) | TG_LOWER, second;

	if (first != TG_TRANSFER && first != TG_CONTENT)
		return;
	second = tg_word_at(bytes, at + 8) | TG_LOWER;
	if (first == TG_TRANSFER && second == TG_ENCODING)
		scan->is_chunked = 1;
	else if (first == TG_CONTENT && (second & 0x00ffffffffffffffull) == TG_LENGTH)
		scan->length_at = at;
}

/* A line feed at `at`: returns 1 when the head ends with it. */
static __always_inline int tg_line_ended(struct tg_scan *scan, const struct tg_head_bytes *bytes, __u32 at)
{
	__s32 newline = scan->newline;
	__s32 gap = (__s32)at - newline;

	scan->newline = at;
	if (scan->first_line < 0)
		scan->first_line = at;
	if (gap == 1 || (gap == 2 && (at == 0 || tg_is_cr_at(bytes, at - 1)))) {
		scan->end = at + 1;
		return 1;
	}
	if (newline >= -1)
		tg_note_header(scan, bytes, newline + 1);
	return 0;
}

/* Eight bytes at a time; most hold no line feed. */
static long tg_scan_word(__u32 index, struct tg_scan_loop *loop)
{
	const struct tg_head_bytes *bytes = loop->bytes;
	struct tg_scan *scan = loop->scan;
	__u32 at = index * 8, i;
	__u64 word, mask;

	if (at >= scan->length || index >= TG_HEAD_ROOM / 8)
		return 1;
	word = *(const __u64 *)(bytes->byte + at);
	mask = word ^ 0x0a0a0a0a0a0a0a0aull;
	if (!((mask - 0x0101010101010101ull) & ~mask & 0x8080808080808080ull))
		return 0;
	for (i = 0; i < 8; i++, word >>= 8) {
		if ((word & 0xff) == TG_LF && at + i < scan->length && tg_line_ended(scan, bytes, at + i))
			return 1;
	}
	return 0;
}

/* Global, as are the functions like it, so that the verifier looks at each only once. */
__noinline int tg_scan_head(const struct tg_head_bytes *bytes, struct tg_scan *scan)
{
	struct tg_scan_loop loop = { .bytes = bytes, .scan = scan };

	if (!bytes || !scan)
		return 0;
	bpf_loop(TG_HEAD_ROOM / 8, tg_scan_word, &loop, 0);
	return 0;
}

/* Keeps bytes of a line, those from `from` up to `to`, as far as there is room. */
__noinline int tg_keep_line(struct tg_half *half, const struct tg_head_bytes *bytes, __u32 from, __u32 to)
{
	__u32 i;

	if (!half || !bytes)
		return 0;
	for (i = 0; i < TG_START_SIZE && from + i < to; i++) {
		__u32 at = from + i, kept = half->saved;

		asm volatile("" : "+r"(at));
		asm volatile("" : "+r"(kept));
		if (at >= TG_HEAD_ROOM || kept >= TG_START_SIZE)
			break;
		half->start[kept] = bytes->byte[at];
		half->saved = kept + 1;
	}
	return 0;
}

/* Takes what a line that was kept tells of the body. */
__noinline int tg_read_line(struct tg_half *half)
{
	__u64 first, second, value = 0;
	__u32 i, digits = 0;

	if (!half)
		return 0;
	first = *(__u64 *)half->start | TG_LOWER;
	second = *(__u64 *)(half->start + 8) | TG_LOWER;
	if (half->saved > 15 && first == TG_TRANSFER && second == TG_ENCODING)
		half->head |= TG_HEAD_CHUNKED;
	if (half->saved < 16 || first != TG_CONTENT || (second & 0x00ffffffffffffffull) != TG_LENGTH)
		return 0;
	for (i = 0; i < TG_LENGTH_DIGITS + 8; i++) {
		__u8 byte = half->start[15 + i];

		if (15 + i >= half->saved)
			break;
		if (byte >= '0' && byte <= '9' && digits < TG_LENGTH_DIGITS) {
			value = value * 10 + (byte - '0');
			digits++;
		} else if (digits || (byte != ' ' && byte != '\t')) {
			break;
		}
	}
	if (digits) {
		half->body = value;
		half->head |= TG_HEAD_LENGTH;
	}
	return 0;
}

/* "HTTP/1." before the end of a request's first line, which is taken on trust where it began in the piece before. */
static __always_inline int tg_ends_in_version(const struct tg_head_bytes *bytes, __u32 at)
{
	__u32 start;

	if (at < 10)
		return 1;
	start = tg_is_cr_at(bytes, at - 1) ? at - 9 : at - 8;
	return (tg_word_at(bytes, start) & 0x00ffffffffffffffull) == TG_HTTP_1_;
}

/* How the piece ends, for the scan of the next. */
static __always_inline __u8 tg_line_state(const struct tg_scan *scan, const struct tg_head_bytes *bytes)
{
	__s32 last = (__s32)scan->length - 1;

	if (scan->newline == last)
		return 1;
	return scan->newline == last - 1 && tg_is_cr_at(bytes, last) ? 2 : 0;
}

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
	if (tg_ahead(walk->end, half->mark) >= 0) {
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

/* ---- chunked bodies ------------------------------------------------------------------------------------------ */

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
