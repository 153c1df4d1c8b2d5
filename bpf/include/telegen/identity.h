/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Who is running: only for programs that run in process context (see kernel facts in ARCHITECTURE.md). */
#ifndef TELEGEN_IDENTITY_H
#define TELEGEN_IDENTITY_H

#include "telegen/emit.h"

/* Set by user space before load: 1 when only the cgroup in tg_cgroup is observed. */
const volatile __u8 tg_filter_cgroup = 0;

static __always_inline int tg_current_is_observed(void)
{
	return !tg_filter_cgroup || bpf_current_task_under_cgroup(&tg_cgroup, 0) == 1;
}

/* Fills everything but what only a process table can know. */
static __always_inline void tg_owner_of_current(struct tg_owner *owner)
{
	__u64 id = bpf_get_current_pid_tgid();

	owner->start_ns = 0;
	owner->exec_id = 0;
	owner->parent_pid = 0;
	owner->cgroup_id = bpf_get_current_cgroup_id();
	owner->pid = id >> 32;
	owner->tid = (__u32)id;
	owner->uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(owner->comm, sizeof(owner->comm));
}

static __always_inline void tg_owner_add_process(struct tg_owner *owner)
{
	__u32 pid = owner->pid;
	struct tg_process *process = bpf_map_lookup_elem(&tg_processes, &pid);

	if (!process)
		return;
	owner->start_ns = process->start_ns;
	owner->exec_id = process->exec_id;
	owner->parent_pid = process->parent_pid;
}

static __always_inline void tg_current_owner(struct tg_owner *owner)
{
	tg_owner_of_current(owner);
	tg_owner_add_process(owner);
}

/* Unique without shared state: one CPU cannot start two programs within 1,024 ns. */
static __always_inline __u64 tg_new_exec_id(__u64 now)
{
	return (now & ~1023ull) | (bpf_get_smp_processor_id() & 1023);
}

static __always_inline void tg_remember_process(__u32 pid, const struct tg_process *process)
{
	if (bpf_map_update_elem(&tg_processes, &pid, process, BPF_ANY))
		tg_count(TG_COUNTER_PROCESS_STATE, 0);
}

/* A forked child runs its parent's image until it execs. */
static __always_inline void tg_process_forked(__u32 parent_pid, __u32 child_pid)
{
	struct tg_process child = { .start_ns = bpf_ktime_get_ns(), .parent_pid = parent_pid };
	struct tg_process *parent = bpf_map_lookup_elem(&tg_processes, &parent_pid);

	if (parent)
		child.exec_id = parent->exec_id;
	tg_remember_process(child_pid, &child);
}

/* Starts a new image in the current process; fills the owner that the exec record carries. */
static __always_inline void tg_process_execed(struct tg_owner *owner, __u32 parent_pid, __u64 now)
{
	struct tg_process process = { .start_ns = now, .exec_id = tg_new_exec_id(now), .parent_pid = parent_pid };

	tg_owner_of_current(owner);
	if (!parent_pid) {
		tg_owner_add_process(owner);
		process.parent_pid = owner->parent_pid;
	}
	owner->start_ns = process.start_ns;
	owner->exec_id = process.exec_id;
	owner->parent_pid = process.parent_pid;
	tg_remember_process(owner->pid, &process);
}

/*
 * Whether the current process's fate is followed: it runs where telegen looks, or did so before. Whoever leaves the
 * observed cgroup may come back, and must not pass for what it was.
 */
static __always_inline int tg_current_is_followed(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	return tg_current_is_observed() || bpf_map_lookup_elem(&tg_processes, &pid);
}

/*
 * The last word of a process, in its last thread. `is_sure`: no other thread can take itself for the last one; else the one
 * that finds the entry is it. Outside the observed cgroup, it is told of processes that were inside before.
 */
static __always_inline void tg_process_exited(int is_sure)
{
	struct tg_exit *record;
	struct tg_owner owner;

	tg_current_owner(&owner);
	if (bpf_map_delete_elem(&tg_processes, &owner.pid) && !(is_sure && tg_current_is_observed()))
		return;
	record = tg_reserve(sizeof(*record), TG_COUNTER_EXIT);
	if (!record)
		return;
	tg_fill_head(&record->head, TG_RECORD_EXIT, sizeof(*record), bpf_ktime_get_ns());
	record->owner = owner;
	TG_SUBMIT(record);
}

#endif
