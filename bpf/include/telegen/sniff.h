/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What first bytes look like. User space decides; here too much is better than too little, as bytes that were shipped
 * in error are passed over, and those that were not are lost.
 */
#ifndef TELEGEN_SNIFF_H
#define TELEGEN_SNIFF_H

#include "telegen/ship.h"

/* Bytes that tell: the preface of HTTP/2 is the longest. */
#define TG_SNIFF_SIZE 24
#define TG_LONGEST_METHOD 16

union tg_sniff {
	__u8 byte[TG_SNIFF_SIZE];
	__u64 word[TG_SNIFF_SIZE / 8];
};

/* Little-endian words of text. */
#define TG_HTTP_1_ 0x002e312f50545448ull /* "HTTP/1." */
#define TG_PRI_HT 0x5448202a20495250ull  /* "PRI * HT" */

/* Reads up to TG_SNIFF_SIZE bytes at `at`, zeros behind them. Returns how many there are. */
static __always_inline __u32 tg_look(const struct tg_walk *walk, union tg_sniff *bytes)
{
	__u32 length = walk->end - walk->at;

	__builtin_memset(bytes, 0, sizeof(*bytes));
	if (length >= TG_SNIFF_SIZE)
		return bpf_skb_load_bytes(walk->skb, tg_offset(walk, walk->at), bytes, TG_SNIFF_SIZE) ? 0 : TG_SNIFF_SIZE;
	return tg_copy(walk->skb, tg_offset(walk, walk->at), bytes, length, TG_SNIFF_SIZE) ? 0 : length;
}

/* Bytes that tell a head of HTTP/1, with its status code, or a ClientHello. */
#define TG_ENOUGH 12

/* Adds bytes to those that are kept of earlier segments; at most those that are lacking up to `want`. */
__noinline int tg_gather(struct tg_half *half, const union tg_sniff *bytes, __u32 length, __u32 want)
{
	__u32 i;

	if (!half || !bytes)
		return 0;
	for (i = 0; i < TG_SNIFF_SIZE && i < length; i++) {
		__u32 to = half->saved;

		/* Keeps the compiler from computing the address before the check. */
		asm volatile("" : "+r"(to));
		if (to >= want || to >= sizeof(half->start))
			break;
		half->start[to] = bytes->byte[i];
		half->saved = to + 1;
	}
	return 0;
}

/*
 * The first bytes of what began at `at`, or, when segments cut them, `before` bytes earlier. Returns how many there are;
 * fewer than TG_ENOUGH are kept for the next segment.
 */
static __always_inline __u32 tg_look_start(struct tg_walk *walk, union tg_sniff *bytes, __u32 *before)
{
	struct tg_half *half = walk->half;
	__u32 length = tg_look(walk, bytes);

	*before = half->saved;
	if (!half->saved && length >= TG_ENOUGH)
		return length;
	tg_gather(half, bytes, length, TG_SNIFF_SIZE);
	__builtin_memcpy(bytes, half->start, sizeof(*bytes));
	length = half->saved;
	if (length >= TG_ENOUGH)
		half->saved = 0;
	return length;
}

static __always_inline int tg_is_response(const union tg_sniff *bytes)
{
	return (bytes->word[0] & 0x00ffffffffffffffull) == TG_HTTP_1_;
}

/* The connection preface (RFC 9113, 3.4) */
static __always_inline int tg_is_preface(const union tg_sniff *bytes)
{
	return bytes->word[0] == TG_PRI_HT;
}

/* What a request target can begin with: / * [ digit letter */
static __always_inline int tg_is_target(__u8 byte)
{
	__u8 letter = byte | 32;

	return byte == '/' || byte == '*' || byte == '[' || (byte >= '0' && byte <= '9') ||
	       (letter >= 'a' && letter <= 'z');
}

/* A method in capitals, a space, and a target; or what there is of them. */
__noinline int tg_is_request(const union tg_sniff *bytes, __u32 length)
{
	__u32 i;

	if (!bytes)
		return 0;
	for (i = 0; i <= TG_LONGEST_METHOD; i++) {
		__u8 byte = bytes->byte[i];

		if (i >= length)
			return 1;
		if (byte == ' ')
			return i >= 3 && (i + 1 >= length || tg_is_target(bytes->byte[i + 1]));
		if ((byte < 'A' || byte > 'Z') && byte != '-')
			return 0;
	}
	return 0;
}

/* `length` bytes that may become a head, a preface, a ClientHello or, where `frames`, settings. */
static __always_inline int tg_may_begin(const union tg_sniff *bytes, __u32 length, int frames)
{
	__u64 mask = length >= 7 ? 0x00ffffffffffffffull : (1ull << (8 * length)) - 1;

	if (!length)
		return 0;
	if ((bytes->word[0] & mask) == (TG_HTTP_1_ & mask) || tg_is_request(bytes, length))
		return 1;
	if (bytes->byte[0] == 22)
		return length < 2 || bytes->byte[1] == 3;
	return frames && bytes->byte[0] == 0 && bytes->byte[1] == 0 && (length < 4 || bytes->byte[3] == 4);
}

/* What is shipped of a hello in records that are small: their headers may be five times what they hold. */
#define TG_HELLO_IN_PIECES 16384
#define TG_HANDSHAKE_HEADER 4

static __always_inline __u32 tg_record_size(const union tg_sniff *bytes)
{
	return ((__u32)bytes->byte[3] << 8) | bytes->byte[4];
}

/* A TLS record with a ClientHello (RFC 8446, 5.1 and 4), or an empty one in front of it, which some servers take. */
static __always_inline int tg_is_client_hello(const union tg_sniff *bytes)
{
	if (bytes->byte[0] != 22 || bytes->byte[1] != 3 || bytes->byte[2] > 4)
		return 0;
	return bytes->byte[5] == 1 || (!tg_record_size(bytes) && bytes->byte[5] == 22 && bytes->byte[6] == 3);
}

/* Bytes of the records that hold the ClientHello: it may go on behind the first. */
static __always_inline __u32 tg_client_hello_size(const union tg_sniff *bytes)
{
	__u32 record = tg_record_size(bytes);
	__u32 hello = TG_HANDSHAKE_HEADER + (((__u32)bytes->byte[7] << 8) | bytes->byte[8]);

	/* Its length is not where it is looked for. */
	if (record < TG_HANDSHAKE_HEADER)
		return TG_HELLO_IN_PIECES;
	if (record >= hello)
		return 5 + record;
	/* Further records have headers of their own: of one for each 2^14 bytes at least, of one for each byte at most. */
	if (6 * hello < TG_HELLO_IN_PIECES)
		return 6 * hello;
	return hello + 25 > TG_HELLO_IN_PIECES ? hello + 25 : TG_HELLO_IN_PIECES;
}

/* ---- the header of the PROXY protocol (HAProxy's proxy-protocol.txt), which stands in front of what is spoken ---- */

#define TG_PROXY_LINE 107 /* bytes of version 1 at most */
#define TG_PROXY_FIXED 16 /* bytes of version 2 at least */
/* Little-endian words of text. */
#define TG_PROXY_ 0x00002059584f5250ull /* "PROXY " */
#define TG_QUIT_1 0x510a0d000a0d0a0dull /* CR LF CR LF NUL CR LF "Q", then "UIT" LF: the signature of version 2 */
#define TG_QUIT_2 0x000000000a544955ull

/* A line that may turn out to be one. */
static __always_inline int tg_is_proxy_line(const union tg_sniff *bytes)
{
	__u32 family = bytes->word[0] >> 48 | (__u32)(bytes->word[1] & 0xffff) << 16;

	if ((bytes->word[0] & 0x0000ffffffffffffull) != TG_PROXY_)
		return 0;
	return family == 0x34504354 || family == 0x36504354 || family == 0x4e4b4e55; /* TCP4, TCP6, UNKN */
}

/* `length` bytes of the signature. Of less than five it is not taken for one: empty lines may stand in front of a request. */
static __always_inline int tg_is_proxy_signature(const union tg_sniff *bytes, __u32 length)
{
	__u64 first = length >= 8 ? ~0ull : (1ull << (8 * length)) - 1;
	__u64 second = length >= 12 ? 0xffffffffull : length > 8 ? (1ull << (8 * (length - 8))) - 1 : 0;

	return length >= 5 && !((bytes->word[0] ^ TG_QUIT_1) & first) && !((bytes->word[1] ^ TG_QUIT_2) & second);
}

/* Bytes up to the line feed at `offset` or behind, 0 when it is not among `most` of them. Global, so that the verifier looks only once. */
__noinline __u32 tg_line_size(struct __sk_buff *skb, __u32 offset, __u32 most)
{
	__u32 i;
	__u8 byte;

	for (i = 0; i < TG_PROXY_LINE && i < most; i++) {
		if (bpf_skb_load_bytes(skb, offset + i, &byte, sizeof(byte)))
			return 0;
		if (byte == '\n')
			return i + 1;
	}
	return 0;
}

#endif
