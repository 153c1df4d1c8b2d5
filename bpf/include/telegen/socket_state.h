/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The state kept on a socket. */
#ifndef TELEGEN_SOCKET_STATE_H
#define TELEGEN_SOCKET_STATE_H

#include "telegen/records.h"

enum tg_stage {
	TG_STAGE_NEW = 0,        /* identity known, nothing tried */
	TG_STAGE_CONNECTING = 1, /* connect() entered, no packet yet */
	TG_STAGE_SYN_SENT = 2,
	TG_STAGE_ESTABLISHED = 3,
	TG_STAGE_LISTENING = 4,
	TG_STAGE_ENDED = 5,
};

#define TG_SOCKET_RTO_FINAL 1u /* the retransmission timer gave up */
#define TG_SOCKET_RELEASED 2u  /* the application closed it */
#define TG_SOCKET_OLDER 4u     /* open before telegen: no callback tells of its end */
#define TG_SOCKET_TOLD 8u      /* user space knows of it */

/*
 * What tells whether an open connection has news comes first: the kernel begins the value at 8 bytes in a cache line, and there may be
 * a hundred thousand to look at.
 */
struct tg_socket {
	__u64 cookie;
	__u64 began_ns;
	__u32 sampled_segments; /* sent and received when its counters were last reported */
	__u8 stage;
	__u8 flags;
	__u8 listed; /* a list named the peer when the conversation began */
	__u8 spoken; /* enum tg_spoken */
	__u8 attribution;
	__u8 has_seq;
	__u16 error;
	__u32 rcv_nxt_at_fin_wait; /* tells whether a FIN was counted in bytes_received */
	__u32 first_seq[2]; /* of payload, by direction; when has_seq */
	struct tg_tuple tuple;
	struct tg_owner owner;
};

/* Inserted in connect, sendmsg, post_bind, listen, first datagram or accept; lives and dies with the socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct tg_socket);
} tg_sockets SEC(".maps");

#endif
