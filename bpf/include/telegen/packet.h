/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Headers of one frame, for XDP and TC programs alike: Ethernet, two VLAN tags, IPv4, IPv6 with extension headers,
 * fragments, TCP, UDP, ICMP. What cannot be read is still counted, as far as it was understood.
 */
#ifndef TELEGEN_PACKET_H
#define TELEGEN_PACKET_H

#include "telegen/records.h"

#define TG_ETHER_SIZE 14
#define TG_ETHER_IPV4 0x0800
#define TG_ETHER_IPV6 0x86dd
#define TG_MAX_VLAN_TAGS 2
#define TG_MAX_EXTENSIONS 8
#define TG_SMALL_PACKET 128

#define TG_FLAG_FIN 0x01
#define TG_FLAG_SYN 0x02
#define TG_FLAG_RST 0x04
#define TG_FLAG_PSH 0x08
#define TG_FLAG_ACK 0x10
#define TG_FLAG_URG 0x20
#define TG_FLAG_ANY 0x3f

struct tg_packet {
	__u32 source[4];
	__u32 target[4];
	__u32 payload; /* offset behind the last header; 0 when there is none */
	__u32 ip_end;  /* offset behind the packet, without what pads the frame; 0 when it does not say */
	__u16 source_port;
	__u16 port; /* of the destination */
	__u8 family; /* 4, 6; 0: no IP */
	__u8 protocol; /* enum tg_packet_protocol */
	__u8 tcp_flags;
	__u8 has_transport; /* the header of TCP, UDP or ICMP was read */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 malformed;
	__u8 starts_at_ip; /* without a link header */
};

static __always_inline __u16 tg_be16(const __u8 *at)
{
	return ((__u16)at[0] << 8) | at[1];
}

static __always_inline __u32 tg_be32(const __u8 *at)
{
	return bpf_ntohl(*(const __u32 *)at);
}

static __always_inline int tg_is_vlan(__u16 type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

static __always_inline void tg_read_tcp(struct tg_packet *packet, const __u8 *at, const __u8 *end, __u32 offset)
{
	__u32 size;

	packet->protocol = TG_PACKET_PROTOCOL_TCP;
	if (at + 20 > end) {
		packet->malformed = 1;
		return;
	}
	size = (at[12] >> 4) * 4;
	packet->source_port = tg_be16(at);
	packet->port = tg_be16(at + 2);
	packet->tcp_flags = at[13] & TG_FLAG_ANY;
	packet->has_transport = 1;
	if (size < 20)
		packet->malformed = 1;
	else
		packet->payload = offset + size;
}

static __always_inline void tg_read_udp(struct tg_packet *packet, const __u8 *at, const __u8 *end, __u32 offset)
{
	packet->protocol = TG_PACKET_PROTOCOL_UDP;
	if (at + 8 > end) {
		packet->malformed = 1;
		return;
	}
	packet->source_port = tg_be16(at);
	packet->port = tg_be16(at + 2);
	packet->has_transport = 1;
	packet->payload = offset + 8;
}

static __always_inline void tg_read_icmp(struct tg_packet *packet, const __u8 *at, const __u8 *end, __u32 offset)
{
	if (at + 8 > end) {
		packet->malformed = 1;
		return;
	}
	packet->icmp_type = at[0];
	packet->icmp_code = at[1];
	packet->has_transport = 1;
	packet->payload = offset + 8;
}

static __always_inline void tg_read_transport(struct tg_packet *packet, const __u8 *at, const __u8 *end,
					      __u32 offset, __u8 protocol)
{
	if (protocol == 6) {
		tg_read_tcp(packet, at, end, offset);
	} else if (protocol == 17) {
		tg_read_udp(packet, at, end, offset);
	} else if (protocol == 1 && packet->family == 4) {
		packet->protocol = TG_PACKET_PROTOCOL_ICMP;
		tg_read_icmp(packet, at, end, offset);
	} else if (protocol == 58 && packet->family == 6) {
		packet->protocol = TG_PACKET_PROTOCOL_ICMPV6;
		tg_read_icmp(packet, at, end, offset);
	}
}

/* A later fragment has no transport header: only its protocol is known. */
static __always_inline void tg_read_later_fragment(struct tg_packet *packet, __u8 protocol)
{
	if (protocol == 6)
		packet->protocol = TG_PACKET_PROTOCOL_TCP;
	else if (protocol == 17)
		packet->protocol = TG_PACKET_PROTOCOL_UDP;
	else if (protocol == 1 && packet->family == 4)
		packet->protocol = TG_PACKET_PROTOCOL_ICMP;
	else if (protocol == 58 && packet->family == 6)
		packet->protocol = TG_PACKET_PROTOCOL_ICMPV6;
}

static __always_inline void tg_read_ipv4(struct tg_packet *packet, const __u8 *at, const __u8 *end, __u32 offset)
{
	__u32 size, total;

	if (at + 20 > end || at[0] >> 4 != 4 || (at[0] & 15) < 5) {
		packet->malformed = 1;
		return;
	}
	packet->family = 4;
	/* 0: put together by the card to more than 64 KiB */
	total = tg_be16(at + 2);
	packet->ip_end = total ? offset + total : 0;
	packet->source[3] = tg_be32(at + 12);
	packet->target[3] = tg_be32(at + 16);
	if ((tg_be16(at + 6) & 0x1fff) != 0) {
		tg_read_later_fragment(packet, at[9]);
		return;
	}
	size = (at[0] & 15) * 4;
	if (total && total < size)
		packet->malformed = 1;
	else
		tg_read_transport(packet, at + size, end, offset + size, at[9]);
}

/* hop-by-hop, routing, destination options, authentication; a fragment header is looked at apart */
static __always_inline int tg_is_ipv6_extension(__u8 next)
{
	return next == 0 || next == 43 || next == 60 || next == 51;
}

static __always_inline void tg_read_ipv6(struct tg_packet *packet, const __u8 *at, const __u8 *end, __u32 offset)
{
	__u32 size = 40;
	__u8 next;
	int i;

	if (at + 40 > end || at[0] >> 4 != 6) {
		packet->malformed = 1;
		return;
	}
	packet->family = 6;
	packet->ip_end = tg_be16(at + 4) ? offset + 40 + tg_be16(at + 4) : 0;
#pragma unroll
	for (i = 0; i < 4; i++) {
		packet->source[i] = tg_be32(at + 8 + 4 * i);
		packet->target[i] = tg_be32(at + 24 + 4 * i);
	}
	next = at[6];
	for (i = 0; i < TG_MAX_EXTENSIONS; i++) {
		const __u8 *header = at + size;

		if (next != 44 && !tg_is_ipv6_extension(next)) {
			tg_read_transport(packet, header, end, offset + size, next);
			return;
		}
		if (header + 8 > end) {
			packet->malformed = 1;
			return;
		}
		if (next == 44 && (tg_be16(header + 2) & 0xfff8) != 0) {
			tg_read_later_fragment(packet, header[0]);
			return;
		}
		size += next == 44 ? 8 : next == 51 ? (header[1] + 2) * 4 : (header[1] + 1) * 8;
		next = header[0];
	}
	/* More headers than any host sends. */
	packet->malformed = 1;
}

static __always_inline void tg_read_network(struct tg_packet *packet, const __u8 *at, const __u8 *end,
					    __u32 offset, __u16 type)
{
	packet->protocol = TG_PACKET_PROTOCOL_OTHER;
	if (type == TG_ETHER_IPV4)
		tg_read_ipv4(packet, at, end, offset);
	else if (type == TG_ETHER_IPV6)
		tg_read_ipv6(packet, at, end, offset);
}

/* Reads a frame; `packet` must be zero. */
static __always_inline void tg_read_packet(struct tg_packet *packet, const __u8 *data, const __u8 *end)
{
	__u32 offset = TG_ETHER_SIZE;
	__u16 type;
	int i;

	if (data + TG_ETHER_SIZE > end) {
		packet->protocol = TG_PACKET_PROTOCOL_OTHER;
		packet->malformed = 1;
		return;
	}
	type = tg_be16(data + 12);
#pragma unroll
	for (i = 0; i < TG_MAX_VLAN_TAGS; i++) {
		if (!tg_is_vlan(type))
			break;
		if (data + offset + 4 > end) {
			packet->protocol = TG_PACKET_PROTOCOL_OTHER;
			packet->malformed = 1;
			return;
		}
		type = tg_be16(data + offset + 2);
		offset += 4;
	}
	tg_read_network(packet, data + offset, end, offset, type);
}

static __always_inline int tg_is_bare_syn(const struct tg_packet *packet)
{
	return (packet->tcp_flags & (TG_FLAG_SYN | TG_FLAG_ACK)) == TG_FLAG_SYN;
}

static __always_inline int tg_is_null(const struct tg_packet *packet)
{
	return packet->tcp_flags == 0;
}

static __always_inline int tg_is_fin_only(const struct tg_packet *packet)
{
	return packet->tcp_flags == TG_FLAG_FIN;
}

static __always_inline int tg_is_xmas(const struct tg_packet *packet)
{
	return packet->tcp_flags == (TG_FLAG_FIN | TG_FLAG_PSH | TG_FLAG_URG);
}

#endif
