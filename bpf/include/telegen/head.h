/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What one piece of an HTTP/1 head tells: where it ends, and how long its body will be. */
#ifndef TELEGEN_HEAD_H
#define TELEGEN_HEAD_H

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

#endif
