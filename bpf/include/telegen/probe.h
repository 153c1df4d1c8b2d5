/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * First packets from outside to addresses of this host, and what this host answered. Two limits keep a flood from
 * filling the table: one for each service and one for all, in windows of about a second, on each CPU.
 */
#ifndef TELEGEN_PROBE_H
#define TELEGEN_PROBE_H

#include "telegen/packet_count.h"

/* About 1.07 s. */
#define TG_WINDOW_SHIFT 30
#define TG_PROBES_PER_SERVICE 64
#define TG_PROBES_PER_WINDOW 1024
#define TG_NO_PROBE 0xff

#define TG_ICMP_ECHO 8
#define TG_ICMP_ECHO_REPLY 0
#define TG_ICMP_UNREACHABLE 3
#define TG_ICMP_PORT_UNREACHABLE 3
#define TG_ICMPV6_ECHO 128
#define TG_ICMPV6_ECHO_REPLY 129
#define TG_ICMPV6_UNREACHABLE 1
#define TG_ICMPV6_PORT_UNREACHABLE 4

static __always_inline __u8 tg_probe_kind(const struct tg_packet *packet)
{
	if (!packet->has_transport)
		return TG_NO_PROBE;
	switch (packet->protocol) {
	case TG_PACKET_PROTOCOL_TCP:
		if (tg_is_bare_syn(packet))
			return TG_PROBE_KIND_SYN;
		if (tg_is_null(packet))
			return TG_PROBE_KIND_NULL;
		if (tg_is_fin_only(packet))
			return TG_PROBE_KIND_FIN;
		return tg_is_xmas(packet) ? TG_PROBE_KIND_XMAS : TG_NO_PROBE;
	case TG_PACKET_PROTOCOL_UDP:
		/* A late answer of a service, to a client that has gone. */
		if (packet->source_port < 1024 && packet->port > packet->source_port)
			return TG_NO_PROBE;
		return TG_PROBE_KIND_UDP;
	case TG_PACKET_PROTOCOL_ICMP:
		return packet->icmp_type == TG_ICMP_ECHO ? TG_PROBE_KIND_ICMP_ECHO : TG_NO_PROBE;
	case TG_PACKET_PROTOCOL_ICMPV6:
		return packet->icmp_type == TG_ICMPV6_ECHO ? TG_PROBE_KIND_ICMP_ECHO : TG_NO_PROBE;
	default:
		return TG_NO_PROBE;
	}
}

/* Whether the limits allow to look at another one. */
static __always_inline int tg_probe_allowed(struct tg_service_counts *counts, __u64 now)
{
	__u32 window = now >> TG_WINDOW_SHIFT, slot = 0;
	struct tg_probe_budget *budget;

	if (counts->probe_window != window) {
		counts->probe_window = window;
		counts->probes = 0;
	}
	if (counts->probes >= TG_PROBES_PER_SERVICE)
		return 0;
	counts->probes += 1;
	budget = bpf_map_lookup_elem(&tg_probe_budgets, &slot);
	if (!budget)
		return 0;
	if (budget->window != window) {
		budget->window = window;
		budget->spent = 0;
	}
	if (budget->spent >= TG_PROBES_PER_WINDOW)
		return 0;
	budget->spent += 1;
	return 1;
}

/* Whether a socket waits for this datagram: then it is no probe, but a client's or an answer. */
static __always_inline int tg_has_udp_socket(void *ctx, const struct tg_packet *packet)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *socket;

	if (packet->family == 4) {
		tuple.ipv4.saddr = bpf_htonl(packet->source[3]);
		tuple.ipv4.daddr = bpf_htonl(packet->target[3]);
		tuple.ipv4.sport = bpf_htons(packet->source_port);
		tuple.ipv4.dport = bpf_htons(packet->port);
		socket = bpf_sk_lookup_udp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	} else {
		int i;

#pragma unroll
		for (i = 0; i < 4; i++) {
			tuple.ipv6.saddr[i] = bpf_htonl(packet->source[i]);
			tuple.ipv6.daddr[i] = bpf_htonl(packet->target[i]);
		}
		tuple.ipv6.sport = bpf_htons(packet->source_port);
		tuple.ipv6.dport = bpf_htons(packet->port);
		socket = bpf_sk_lookup_udp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	if (!socket)
		return 0;
	bpf_sk_release(socket);
	return 1;
}

static __always_inline void tg_probe_remember(const struct tg_probe_key *key, __u32 ifindex, __u64 now)
{
	struct tg_probe probe = { .time_ns = now, .ifindex = ifindex };

	if (!bpf_map_update_elem(&tg_probes, key, &probe, BPF_NOEXIST))
		tg_packet_stat_add(TG_PACKET_STAT_PROBES, 1);
	else if (!bpf_map_lookup_elem(&tg_probes, key))
		tg_packet_stat_add(TG_PACKET_STAT_PROBES_UNTRACKED, 1);
}

/* An inbound packet: is it the first of a probe? */
static __always_inline void tg_probe_inbound(void *ctx, const struct tg_packet *packet, const struct tg_frame *frame,
					     struct tg_service_counts *counts)
{
	struct tg_probe_key key = { .family = packet->family, .port = packet->port, .kind = tg_probe_kind(packet) };
	__u64 now;

	if (key.kind == TG_NO_PROBE)
		return;
	__builtin_memcpy(key.target, packet->target, sizeof(key.target));
	if (!bpf_map_lookup_elem(&tg_local_addresses, key.target))
		return;
	now = bpf_ktime_get_ns();
	if (!tg_probe_allowed(counts, now)) {
		tg_packet_stat_add(TG_PACKET_STAT_PROBES_LIMITED, frame->packets);
		return;
	}
	if (key.kind == TG_PROBE_KIND_UDP && tg_has_udp_socket(ctx, packet))
		return;
	__builtin_memcpy(key.source, packet->source, sizeof(key.source));
	tg_probe_remember(&key, frame->ifindex, now);
}

/* ---- what this host answers -------------------------------------------------------------------------------------- */

/* Whether it was the first answer to a probe that is remembered. */
static __always_inline int tg_probe_answered(const struct tg_probe_key *key, __u32 answer)
{
	struct tg_probe *probe = bpf_map_lookup_elem(&tg_probes, key);

	if (!probe || probe->answer != TG_PROBE_ANSWER_NONE)
		return 0;
	probe->answer = answer;
	return 1;
}

static __always_inline void tg_answer_tcp(struct tg_probe_key *key, const struct tg_packet *packet)
{
	int i;

	key->port = packet->source_port;
	if ((packet->tcp_flags & (TG_FLAG_SYN | TG_FLAG_ACK)) == (TG_FLAG_SYN | TG_FLAG_ACK)) {
		key->kind = TG_PROBE_KIND_SYN;
		tg_probe_answered(key, TG_PROBE_ANSWER_OPEN);
		return;
	}
	if (!(packet->tcp_flags & TG_FLAG_RST))
		return;
#pragma unroll
	for (i = TG_PROBE_KIND_SYN; i <= TG_PROBE_KIND_XMAS; i++) {
		key->kind = i;
		if (tg_probe_answered(key, TG_PROBE_ANSWER_RST))
			return;
	}
}

/* "Port unreachable": the packet that it is about follows. `at`: the ICMP header. */
static __always_inline void tg_answer_unreachable(struct tg_probe_key *key, const struct tg_packet *packet,
						  const __u8 *at, const __u8 *end)
{
	const __u8 *ports;
	__u8 protocol;

	if (packet->family == 4) {
		if (at + 36 > end || (at[8] & 15) != 5)
			return;
		protocol = at[17];
		ports = at + 28;
	} else {
		if (at + 56 > end)
			return;
		protocol = at[14];
		ports = at + 48;
	}
	key->port = tg_be16(ports + 2);
	key->kind = protocol == 17 ? TG_PROBE_KIND_UDP : TG_PROBE_KIND_SYN;
	if (protocol == 17 || protocol == 6)
		tg_probe_answered(key, TG_PROBE_ANSWER_RST);
}

static __always_inline void tg_answer_icmp(struct tg_probe_key *key, const struct tg_packet *packet, const __u8 *data,
					   const __u8 *end)
{
	int is4 = packet->family == 4;
	__u8 type = packet->icmp_type, code = packet->icmp_code;
	__u32 payload = packet->payload;

	if (type == (is4 ? TG_ICMP_ECHO_REPLY : TG_ICMPV6_ECHO_REPLY)) {
		key->kind = TG_PROBE_KIND_ICMP_ECHO;
		tg_probe_answered(key, TG_PROBE_ANSWER_OPEN);
		return;
	}
	if (type != (is4 ? TG_ICMP_UNREACHABLE : TG_ICMPV6_UNREACHABLE) ||
	    code != (is4 ? TG_ICMP_PORT_UNREACHABLE : TG_ICMPV6_PORT_UNREACHABLE))
		return;
	/* Bounded for the verifier. */
	if (payload < 8 || payload > 512)
		return;
	tg_answer_unreachable(key, packet, data + payload - 8, end);
}

/* An outbound packet: does it answer a probe? */
static __always_inline void tg_probe_outbound(const struct tg_packet *packet, const __u8 *data, const __u8 *end)
{
	struct tg_probe_key key = { .family = packet->family };

	if (!packet->has_transport)
		return;
	/* Most segments answer nothing. */
	if (packet->protocol == TG_PACKET_PROTOCOL_TCP && !(packet->tcp_flags & (TG_FLAG_SYN | TG_FLAG_RST)))
		return;
	__builtin_memcpy(key.source, packet->target, sizeof(key.source));
	__builtin_memcpy(key.target, packet->source, sizeof(key.target));
	if (packet->protocol == TG_PACKET_PROTOCOL_TCP)
		tg_answer_tcp(&key, packet);
	else if (packet->protocol == TG_PACKET_PROTOCOL_ICMP || packet->protocol == TG_PACKET_PROTOCOL_ICMPV6)
		tg_answer_icmp(&key, packet, data, end);
}

#endif
