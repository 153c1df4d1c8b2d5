// SPDX-License-Identifier: GPL-2.0-only
/*
 * What passes network interfaces, packet by packet: counted, sampled, never dropped or changed. One parser for three
 * programs: XDP at the network card, and TC for what arrives and what leaves. UAPI headers only: Linux 5.18 for XDP,
 * 6.6 for TC (as a TCX link, which goes with this process).
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "telegen/packet_sample.h"
#include "telegen/probe.h"
#include "telegen/socket_state.h"

char LICENSE[] SEC("license") = "GPL";

/* TCX_NEXT: other programs on the interface decide. */
#define TG_TC_NEXT -1
/* The headers of all but odd packets. */
#define TG_PULL_SIZE 128

/* Counts a packet by service, and in full when the filters want it. */
static __always_inline struct tg_service_counts *tg_account(void *ctx, const struct tg_packet *packet,
							    const struct tg_frame *frame, int wanted)
{
	struct tg_service_counts *counts = tg_service_of(packet, frame, wanted);

	tg_packet_stat_add(TG_PACKET_STAT_SEEN, frame->packets);
	if (packet->malformed)
		tg_packet_stat_add(TG_PACKET_STAT_MALFORMED, frame->packets);
	if (counts)
		tg_count_service(counts, packet, frame);
	if (wanted && packet->family)
		tg_count_endpoints(packet, frame);
	/* Filters never blind detection: probes are looked for in all packets. */
	if (counts && !frame->outbound)
		tg_probe_inbound(ctx, packet, frame, counts);
	return counts;
}

/* ---- XDP --------------------------------------------------------------------------------------------------------- */

static __always_inline long tg_load_xdp(void *ctx, __u32 offset, void *to, __u32 length)
{
	return bpf_xdp_load_bytes(ctx, offset, to, length);
}

SEC("xdp.frags")
int tg_xdp(struct xdp_md *ctx)
{
	const __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct tg_frame frame = { .ifindex = ctx->ingress_ifindex, .packets = 1 };
	struct tg_packet *packet = tg_packet_begin();
	int wanted;

	if (!packet)
		return XDP_PASS;
	frame.size = bpf_xdp_get_buff_len(ctx);
	tg_read_packet(packet, data, end);
	wanted = tg_is_wanted(packet);
	tg_account(ctx, packet, &frame, wanted);
	if (wanted && tg_is_sampled())
		tg_take_sample(ctx, packet, &frame, frame.size, tg_load_xdp);
	return XDP_PASS;
}

/* ---- TC ---------------------------------------------------------------------------------------------------------- */

static __always_inline long tg_load_skb(void *ctx, __u32 offset, void *to, __u32 length)
{
	return bpf_skb_load_bytes(ctx, offset, to, length);
}

/*
 * Whether the data begins at the IP header: on tunnels and the like, and behind somebody else's generic XDP program,
 * which makes the kernel forget the link header.
 */
static __always_inline int tg_starts_at_ip(const struct __sk_buff *skb, const __u8 *data, const __u8 *end)
{
	__u16 type = bpf_ntohs(skb->protocol);

	if (data + 1 > end)
		return 0;
	if (!(type == TG_ETHER_IPV4 && data[0] >> 4 == 4) && !(type == TG_ETHER_IPV6 && data[0] >> 4 == 6))
		return 0;
	return data + TG_ETHER_SIZE > end || tg_be16(data + 12) != type;
}

static __always_inline void tg_read_linear(struct __sk_buff *skb, struct tg_packet *packet)
{
	const __u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	packet->starts_at_ip = tg_starts_at_ip(skb, data, end);
	if (packet->starts_at_ip)
		tg_read_network(packet, data, end, 0, bpf_ntohs(skb->protocol));
	else
		tg_read_packet(packet, data, end);
}

/* Headers that lie outside of what can be read directly are brought there once; the contents stay as they are. */
static __always_inline void tg_read_skb(struct __sk_buff *skb, struct tg_packet *packet)
{
	tg_read_linear(skb, packet);
	if (!packet->malformed || skb->data_end - skb->data >= skb->len)
		return;
	if (bpf_skb_pull_data(skb, skb->len < TG_PULL_SIZE ? skb->len : TG_PULL_SIZE))
		return;
	__builtin_memset(packet, 0, sizeof(*packet));
	tg_read_linear(skb, packet);
}

/* What is on the wire: segments that are together here have a header each, and a VLAN tag may be kept beside the data. */
static __always_inline void tg_measure_skb(struct __sk_buff *skb, const struct tg_packet *packet, struct tg_frame *frame)
{
	__u32 header = packet->payload, link = packet->starts_at_ip ? tg_link_header(skb->ifindex) : 0;

	frame->ifindex = skb->ifindex;
	frame->packets = skb->gso_segs ? skb->gso_segs : 1;
	frame->size = skb->len + (frame->packets - 1) * header + frame->packets * link;
	if (skb->vlan_present)
		frame->size += 4 * frame->packets;
}

/* The process behind an outbound packet, as its socket knows it. */
static __always_inline void tg_count_sender(struct __sk_buff *skb, const struct tg_frame *frame)
{
	struct tg_sender first = { .packets = frame->packets, .bytes = frame->size };
	struct tg_sender_key key = { .ifindex = frame->ifindex };
	struct bpf_sock *sk = skb->sk;
	struct tg_socket *socket = 0;
	struct tg_sender *sender;

	sk = sk ? bpf_sk_fullsock(sk) : 0;
	if (!sk)
		return;
	socket = bpf_sk_storage_get(&tg_sockets, sk, 0, 0);
	if (!socket || !socket->owner.pid)
		return;
	key.pid = socket->owner.pid;
	key.start_ns = socket->owner.start_ns;
	sender = bpf_map_lookup_elem(&tg_senders, &key);
	if (!sender) {
		first.owner = socket->owner;
		if (!bpf_map_update_elem(&tg_senders, &key, &first, BPF_NOEXIST))
			return;
		sender = bpf_map_lookup_elem(&tg_senders, &key);
	}
	if (!sender) {
		tg_packet_stat_add(TG_PACKET_STAT_SENDERS_UNTRACKED, frame->packets);
		return;
	}
	__sync_fetch_and_add(&sender->packets, frame->packets);
	__sync_fetch_and_add(&sender->bytes, frame->size);
}

static __always_inline int tg_tc(struct __sk_buff *skb, int outbound)
{
	struct tg_frame frame = { .outbound = outbound };
	struct tg_packet *packet = tg_packet_begin();
	int wanted;

	if (!packet)
		return TG_TC_NEXT;
	tg_read_skb(skb, packet);
	tg_measure_skb(skb, packet, &frame);
	wanted = tg_is_wanted(packet);
	tg_account(skb, packet, &frame, wanted);
	if (outbound) {
		tg_count_sender(skb, &frame);
		tg_probe_outbound(packet, (void *)(long)skb->data, (void *)(long)skb->data_end);
	}
	if (wanted && tg_is_sampled())
		tg_take_sample(skb, packet, &frame, skb->len, tg_load_skb);
	return TG_TC_NEXT;
}

SEC("tc")
int tg_tc_ingress(struct __sk_buff *skb)
{
	return tg_tc(skb, 0);
}

SEC("tc")
int tg_tc_egress(struct __sk_buff *skb)
{
	return tg_tc(skb, 1);
}
