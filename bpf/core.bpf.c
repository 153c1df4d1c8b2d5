// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core object: UAPI headers only, so that it loads wherever kernel 5.15 does, with or without BTF.
 * Identity is taken in process-context hooks (connect, sendmsg, bind) and kept on the socket; packet and sockops
 * programs only read it there.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "telegen/release.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- identity ---------------------------------------------------------------------------------------------- */

static __always_inline void tg_take_identity(struct tg_socket *sock)
{
	tg_current_owner(&sock->owner);
	sock->attribution = TG_ATTRIBUTION_SOCKET;
}

static __always_inline void tg_connect(struct bpf_sock_addr *ctx, const struct tg_tuple *target)
{
	struct tg_socket *sock;

	if (!ctx->sk)
		return;
	sock = tg_socket_make(ctx->sk);
	if (!sock)
		return;
	if (ctx->protocol != TG_IPPROTO_TCP) {
		/* A UDP connect() sends nothing (resolvers probe routes with it): the first datagram is the attempt. */
		tg_take_identity(sock);
		return;
	}
	tg_flush_unsent_attempt(ctx, sock);
	/* A second connect() on a live socket fails with EISCONN or EALREADY and changes nothing. */
	if (sock->stage == TG_STAGE_SYN_SENT || sock->stage == TG_STAGE_ESTABLISHED)
		return;
	tg_take_identity(sock);
	sock->tuple = *target;
	sock->began_ns = bpf_ktime_get_ns();
	sock->stage = TG_STAGE_CONNECTING;
	sock->flags = 0;
	sock->error = 0;
}

SEC("cgroup/connect4")
int tg_connect4(struct bpf_sock_addr *ctx)
{
	struct tg_tuple target = { .protocol = TG_IPPROTO_TCP, .role = TG_ROLE_CLIENT };

	target.family = tg_ip4_to_words(target.remote_ip, ctx->user_ip4);
	target.remote_port = bpf_ntohs(ctx->user_port);
	tg_connect(ctx, &target);
	return 1;
}

SEC("cgroup/connect6")
int tg_connect6(struct bpf_sock_addr *ctx)
{
	struct tg_tuple target = { .protocol = TG_IPPROTO_TCP, .role = TG_ROLE_CLIENT };

	target.family = tg_ip6_to_words(target.remote_ip, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2],
					ctx->user_ip6[3]);
	target.remote_port = bpf_ntohs(ctx->user_port);
	tg_connect(ctx, &target);
	return 1;
}

static __always_inline void tg_sendmsg(struct bpf_sock_addr *ctx)
{
	struct tg_socket *sock;

	if (!ctx->sk)
		return;
	sock = tg_socket_make(ctx->sk);
	if (sock && sock->attribution != TG_ATTRIBUTION_SOCKET)
		tg_take_identity(sock);
}

SEC("cgroup/sendmsg4")
int tg_sendmsg4(struct bpf_sock_addr *ctx)
{
	tg_sendmsg(ctx);
	return 1;
}

SEC("cgroup/sendmsg6")
int tg_sendmsg6(struct bpf_sock_addr *ctx)
{
	tg_sendmsg(ctx);
	return 1;
}

/* Listeners and UDP servers bind; a connect() that follows takes identity anew. */
static __always_inline void tg_bound(struct bpf_sock *ctx)
{
	struct tg_socket *sock = tg_socket_make(ctx);

	if (sock)
		tg_take_identity(sock);
}

SEC("cgroup/post_bind4")
int tg_post_bind4(struct bpf_sock *ctx)
{
	tg_bound(ctx);
	return 1;
}

SEC("cgroup/post_bind6")
int tg_post_bind6(struct bpf_sock *ctx)
{
	tg_bound(ctx);
	return 1;
}

/* User space hears of older connections by way of the extra object alone. */
static __always_inline void tg_no_older(const void *sk, struct tg_socket *socket)
{
}

SEC("cgroup/sock_release")
int tg_sock_release(struct bpf_sock *ctx)
{
	return tg_released(ctx, tg_no_older);
}

/* ---- TCP and UDP ------------------------------------------------------------------------------------------- */

static __always_inline __u16 tg_no_error(struct bpf_sock *sk)
{
	return 0;
}

SEC("sockops")
int tg_tcp(struct bpf_sock_ops *ctx)
{
	return tg_tcp_callback(ctx, tg_no_error);
}

SEC("cgroup_skb/egress")
int tg_egress(struct __sk_buff *skb)
{
	struct tg_datagram datagram = {};

	tg_udp_packet(skb, 1, &datagram);
	return 1;
}

SEC("cgroup_skb/ingress")
int tg_ingress(struct __sk_buff *skb)
{
	struct tg_datagram datagram = {};

	tg_udp_packet(skb, 0, &datagram);
	return 1;
}

/* ---- processes: needs tracefs; the extra object does the same through BTF ------------------------------------ */

/* Offsets of the tracepoints' fields differ between kernels: user space reads them from tracefs before load. */
const volatile __u32 tg_exec_filename_offset = 8;
const volatile __u32 tg_fork_child_offset = 44;

SEC("tracepoint/sched/sched_process_exec")
int tg_exec(void *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct tg_exec *record;
	struct tg_owner owner;
	__u32 location = 0;

	if (!tg_current_is_followed())
		return 0;
	tg_process_execed(&owner, 0, now);
	if (!tg_current_is_observed())
		return 0;
	record = tg_reserve(sizeof(*record), TG_COUNTER_EXEC);
	if (!record)
		return 0;
	tg_fill_head(&record->head, TG_RECORD_EXEC, sizeof(*record), now);
	record->owner = owner;
	record->filename[0] = 0;
	/* __data_loc: offset in the low half, length in the high half. */
	bpf_probe_read_kernel(&location, sizeof(location), ctx + tg_exec_filename_offset);
	bpf_probe_read_kernel_str(record->filename, sizeof(record->filename), ctx + (location & 0xffff));
	TG_SUBMIT(record);
	return 0;
}

/* Runs in the parent. Threads appear too: their ids never meet a process id, and exit removes them. */
SEC("tracepoint/sched/sched_process_fork")
int tg_fork(void *ctx)
{
	__u32 child = 0;

	if (!tg_current_is_observed())
		return 0;
	bpf_probe_read_kernel(&child, sizeof(child), ctx + tg_fork_child_offset);
	tg_process_forked(bpf_get_current_pid_tgid() >> 32, child);
	return 0;
}

/* Whether other threads go on cannot be read here: a process counts as ended when its main thread does. */
SEC("tracepoint/sched/sched_process_exit")
int tg_exit(void *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 thread = (__u32)id;

	if (thread != id >> 32)
		bpf_map_delete_elem(&tg_processes, &thread);
	else
		tg_process_exited(1);
	return 0;
}
