/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What is kept on a TCP socket whose payload is looked at: a place in each direction. */
#ifndef TELEGEN_STREAM_H
#define TELEGEN_STREAM_H

#include "telegen/records.h"

enum tg_protocol {
	TG_PROTOCOL_UNKNOWN = 0,
	TG_PROTOCOL_HTTP1 = 1,
	TG_PROTOCOL_HTTP2 = 2,
};

/*
 * What lies at `mark`. "Skip" states leave out everything before it, in whatever order it comes, which makes bodies
 * cheap and lost packets inside them harmless.
 */
enum tg_state {
	TG_STATE_SNIFF = 0, /* the first bytes of something */
	TG_STATE_MESSAGE,   /* HTTP/1: a head, or a body of unknown length */
	TG_STATE_HEAD,      /* inside a head */
	TG_STATE_BODY,      /* skip; then a message */
	TG_STATE_SIZE,      /* a chunk's size line, perhaps the line end of the chunk before */
	TG_STATE_CHUNK,     /* skip; then a size line */
	TG_STATE_TRAILER,   /* behind the last chunk, up to a blank line */
	TG_STATE_FRAME,     /* HTTP/2: a frame header */
	TG_STATE_BLOCK,     /* ship up to mark; then a frame header */
	TG_STATE_DATA,      /* skip; then a frame header */
	TG_STATE_RESYNC,    /* HTTP/2: somewhere; a packet may begin with a frame */
	TG_STATE_SHIP,      /* ship up to mark and end there: DNS, ClientHello */
	TG_STATE_HOLE,      /* bytes came early: ship everything until the hole is filled */
	TG_STATE_IGNORE,
};

/* Bits of tg_half.flags. */
#define TG_HALF_STARTED 1u
#define TG_HALF_NOTIFY 2u  /* say so when the skipped body is over */
#define TG_HALF_CONTENT 4u /* DATA was left out since the last piece */
#define TG_HALF_HIDDEN 16u /* the header of the frame that is being left out was not shipped: `start` holds it */
#define TG_HALF_PARTIAL 8u /* part of the frame header at mark was shipped with the packet before */

/* Bits of tg_half.head: what is known of the HTTP/1 head being read. */
#define TG_HEAD_FIRST_LINE 1u /* still in it */
#define TG_HEAD_RESPONSE 2u
#define TG_HEAD_LENGTH 4u
#define TG_HEAD_CHUNKED 8u
#define TG_HEAD_NO_BODY 16u
#define TG_HEAD_SWITCH 32u /* another protocol follows: 101, or CONNECT */
#define TG_HEAD_EXTENSION 64u /* behind a chunk size, in what may follow it up to the line's end */

/* Sequence numbers from `start` up to `end`. */
struct tg_range {
	__u32 start;
	__u32 end;
};

/* Holes that are told apart at a time; more are taken for filled. */
#define TG_EARLY_RANGES 4

/* A line with Content-Length and its value fits. */
#define TG_START_SIZE 40

struct tg_half {
	__u64 body; /* Content-Length, or the chunk size being read */
	__u32 mark; /* next byte that matters */
	__u32 seen; /* behind the last byte */
	__u32 ordinal;
	__u32 budget; /* bytes that may still be shipped unordered */
	__u32 busy;   /* a program works on it: segments of one direction may arrive on two CPUs at once */
	__u32 shown;  /* bytes of the present body that were shipped */
	struct tg_range early[TG_EARLY_RANGES]; /* what came behind a hole; empty ones are unused */
	__u16 head_bytes; /* of the head so far */
	__u16 sniffs;     /* packets that told nothing */
	__u8 state;       /* enum tg_state */
	__u8 after_hole;  /* enum tg_state */
	__u8 flags;
	__u8 head;
	__u8 line;   /* how the last piece of a head ended: 0 in a line, 1 behind a line feed, 2 behind LF CR */
	__u8 frames; /* DATA frames whose headers may still be shipped until the next header block */
	__u8 saved;  /* bytes in `start` */
	__u8 digits; /* of the chunk size so far */
	__u8 heads;  /* HTTP/1 heads that were begun, modulo 256; without interim responses */
	__u8 pad[3];
	__u8 start[TG_START_SIZE]; /* the first bytes of a message, a header line or a frame that a segment cut */
};

struct tg_stream {
	struct tg_half half[2]; /* by enum tg_direction */
	__u64 asked_head;       /* bit (request modulo 64): it was HEAD */
	__u8 protocol;          /* enum tg_protocol */
	__u8 done;              /* nothing more to see here */
	__u8 late;
	__u8 shipped;
	__u8 is_dns;
	__u8 pad[3];
};

#endif
