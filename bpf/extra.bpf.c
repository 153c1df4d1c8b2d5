// SPDX-License-Identifier: GPL-2.0-only
/*
 * The optional object: needs kernel BTF. Each program here betters or replaces one of the core object: exact errno,
 * executable path, argv, working directory and login at exec, process tracking without tracefs, the accepting worker,
 * refused UDP, and owners of sockets older than telegen.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "telegen/flows.h"
#include "telegen/path.h"
#include "telegen/release.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- TCP with the exact errno ------------------------------------------------------------------------------- */

static __always_inline __u16 tg_sk_err(struct bpf_sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);

	return tcp ? tcp->inet_conn.icsk_inet.sk.sk_err : 0;
}

SEC("sockops")
int tg_tcp(struct bpf_sock_ops *ctx)
{
	return tg_tcp_callback(ctx, tg_sk_err);
}

/* ---- TCP connections while they are open ----------------------------------------------------------------------- */

/*
 * Run over all sockets that have state, of any network namespace and whether or not a process has them as a file. A byte of
 * output says that the walk goes on. Without room the kernel ends the read, and shows the socket again in the next.
 */
SEC("iter/bpf_sk_storage_map")
int tg_sample_flows(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct tg_socket *socket = ctx->value;
	struct tg_flow_batch *batch;
	struct sock *sk = ctx->sk;
	char goes_on = 0;
	__u32 place = 0;

	batch = bpf_map_lookup_elem(&tg_flow_batch, &place);
	if (!sk || !socket || !batch)
		return 0;
	if (batch->sockets >= TG_FLOW_SOCKETS)
		return 1;
	if (!batch->sockets) {
		bpf_seq_write(ctx->meta->seq, &goes_on, sizeof(goes_on));
		batch->now_ns = bpf_ktime_get_ns();
	}
	if (!tg_sample(sk, socket, batch))
		return 1;
	batch->sockets += 1;
	return 0;
}

SEC("cgroup/sock_release")
int tg_sock_release(struct bpf_sock *ctx)
{
	return tg_released(ctx, tg_older_ended);
}

/* ---- processes ---------------------------------------------------------------------------------------------- */

static __always_inline void tg_read_args(struct tg_exec_detail *record, struct mm_struct *mm)
{
	unsigned long start = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end);
	__u64 size = end - start;

	record->args_size = 0;
	if (end <= start)
		return;
	if (size > TG_ARGS_SIZE)
		size = TG_ARGS_SIZE;
	if (!bpf_probe_read_user(record->args, size, (void *)start))
		record->args_size = size;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(tg_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	__u64 now = bpf_ktime_get_ns();
	struct tg_exec_detail *record;
	struct tg_owner owner;

	if (!tg_current_is_followed())
		return 0;
	tg_process_execed(&owner, BPF_CORE_READ(task, real_parent, tgid), now);
	if (!tg_current_is_observed())
		return 0;
	record = tg_reserve(sizeof(*record), TG_COUNTER_EXEC);
	if (!record)
		return 0;
	tg_fill_head(&record->exec.head, TG_RECORD_EXEC_DETAIL, sizeof(*record), now);
	record->exec.owner = owner;
	record->exec.filename[0] = 0;
	bpf_probe_read_kernel_str(record->exec.filename, sizeof(record->exec.filename), BPF_CORE_READ(bprm, filename));
	record->path_size = tg_read_exe_path(record->path, task);
	tg_read_args(record, BPF_CORE_READ(task, mm));
	record->cwd_size = tg_read_cwd(record->cwd, task);
	record->login_uid = TG_LOGIN_UNSET;
	if (bpf_core_field_exists(task->loginuid))
		record->login_uid = BPF_CORE_READ(task, loginuid.val);
	TG_SUBMIT(record);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(tg_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = child->tgid;

	if (child->pid != (int)pid || !tg_current_is_observed())
		return 0;
	tg_process_forked(parent->tgid, pid);
	return 0;
}

/* A process goes on without its main thread. */
SEC("tp_btf/sched_process_exit")
int tg_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	if (bpf_core_field_exists(struct trace_event_raw_sched_process_exit, group_dead)) {
		/* Kernels without this argument refuse a program that may read it: the load must not move up. */
		if (*(volatile __u64 *)(ctx + 1))
			tg_process_exited(1);
	} else if (!BPF_CORE_READ(task, signal, live.counter)) {
		tg_process_exited(0);
	}
	return 0;
}

/* ---- who works on an accepted connection ---------------------------------------------------------------------- */

static __always_inline int tg_worker_seen(struct sock *sk)
{
	struct tg_socket *socket = bpf_sk_storage_get(&tg_sockets, sk, 0, 0);

	if (!socket || socket->tuple.role != TG_ROLE_SERVER || socket->stage != TG_STAGE_ESTABLISHED ||
	    socket->attribution == TG_ATTRIBUTION_WORKER)
		return 0;
	tg_take_worker(socket);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(tg_worker_recv, struct sock *sk, int ret, int flags)
{
	return tg_worker_seen(sk);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(tg_worker_send, struct sock *sk, int ret, int flags)
{
	return tg_worker_seen(sk);
}

/* ---- refused UDP ---------------------------------------------------------------------------------------------- */

SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(tg_udp_error, const struct sock *sk)
{
	struct tg_end end = { .phase = TG_PHASE_FAILED };
	struct tg_socket *socket;
	int error = sk->sk_err;

	/* sk_err is 0 for errors that the application never sees. */
	if (sk->sk_protocol != TG_IPPROTO_UDP || !error)
		return 0;
	socket = bpf_sk_storage_get(&tg_sockets, (void *)sk, 0, 0);
	/* The storage holds the latest conversation: the one that a connected socket has. */
	if (!socket || !socket->tuple.family || !sk->__sk_common.skc_dport)
		return 0;
	/* Every datagram may bring the same refusal: one is news. */
	if (socket->error == error)
		return 0;
	socket->error = error;
	end.reason = tg_reason_of_errno(error);
	tg_emit_end(socket, &end, bpf_ktime_get_ns());
	return 0;
}

/* ---- sockets older than telegen --------------------------------------------------------------------------------- */

/*
 * Run once at start: gives listeners, UDP sockets and, where counters are wanted, open connections of processes in
 * tg_processes (seeded before) their owner. Connections become such when they are first counted: by then all ports that
 * are listened on are known.
 * Whoever holds a copy of the descriptor may win; the smallest pid is the oldest holder in practice.
 */
SEC("iter/task_file")
int tg_seed_sockets(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct tg_socket *socket;
	struct tg_process *process;
	struct file *file = ctx->file;
	struct socket *owner_socket;
	struct sock *sk;
	int is_open;
	__u32 pid;

	if (!task || !file || task->pid != task->tgid)
		return 0;
	pid = task->tgid;
	process = bpf_map_lookup_elem(&tg_processes, &pid);
	owner_socket = bpf_sock_from_file(file);
	if (!process || !owner_socket)
		return 0;
	sk = owner_socket->sk;
	if (!sk || (sk->__sk_common.skc_family != TG_AF_INET && sk->__sk_common.skc_family != TG_AF_INET6))
		return 0;
	is_open = tg_flows_wanted && sk->sk_protocol == TG_IPPROTO_TCP && tg_is_open(sk->__sk_common.skc_state);
	if (sk->sk_protocol == TG_IPPROTO_TCP && sk->__sk_common.skc_state == BPF_TCP_LISTEN)
		tg_note_listener(sk);
	else if (sk->sk_protocol != TG_IPPROTO_UDP && !is_open)
		return 0;
	socket = bpf_sk_storage_get(&tg_sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!socket || socket->attribution != TG_ATTRIBUTION_UNKNOWN)
		return 0;
	socket->owner.pid = pid;
	socket->owner.start_ns = process->start_ns;
	socket->owner.exec_id = process->exec_id;
	socket->owner.parent_pid = process->parent_pid;
	socket->owner.uid = BPF_CORE_READ(task, cred, uid.val);
	bpf_probe_read_kernel_str(socket->owner.comm, sizeof(socket->owner.comm), task->comm);
	socket->attribution = TG_ATTRIBUTION_PREEXISTING;
	return 0;
}
