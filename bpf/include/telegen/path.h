/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Paths of a task's executable and working directory by walking dentries and mounts up to the task's root. */
#ifndef TELEGEN_PATH_H
#define TELEGEN_PATH_H

#include "telegen/records.h"

/* The verifier walks every step, for both users of this: 82,000 instructions of the million after which it gives up. */
#define TG_PATH_DEPTH 64

static __always_inline struct mount *tg_mount_of(struct vfsmount *mnt)
{
	return (struct mount *)((char *)mnt - __builtin_preserve_field_info(((struct mount *)0)->mnt, 0));
}

/*
 * Writes the names from the file upwards, NUL after each. Returns the bytes used, or -1 when the path is deeper or
 * longer than fits: a cut path would name another file.
 */
static __always_inline __s32 tg_read_path(char *out, __u32 room, struct task_struct *task, struct vfsmount *mnt,
					  struct dentry *dentry)
{
	struct dentry *root = BPF_CORE_READ(task, fs, root.dentry);
	struct vfsmount *root_mnt = BPF_CORE_READ(task, fs, root.mnt);
	__u64 used = 0;
	int i;

	for (i = 0; i < TG_PATH_DEPTH; i++) {
		struct mount *mount = tg_mount_of(mnt), *above;
		struct dentry *parent;
		long length;

		if (!dentry || !mnt)
			return -1;
		if (dentry == root && mnt == root_mnt)
			return used;
		if (dentry == BPF_CORE_READ(mnt, mnt_root)) {
			above = BPF_CORE_READ(mount, mnt_parent);
			if (above == mount)
				return used;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mnt = (struct vfsmount *)((char *)above + __builtin_preserve_field_info(((struct mount *)0)->mnt, 0));
			continue;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		/* Outside of what is mounted (a file in memory, a folder moved away): names from here on are no path. */
		if (parent == dentry)
			return -1;
		if (used > room - TG_NAME_SIZE)
			return -1;
		length = bpf_probe_read_kernel_str(out + used, TG_NAME_SIZE, BPF_CORE_READ(dentry, d_name.name));
		if (length <= 1 || length > TG_NAME_SIZE)
			return -1;
		used += length;
		dentry = parent;
	}
	return -1;
}

static __always_inline __u32 tg_read_exe_path(char *out, struct task_struct *task)
{
	__s32 used = tg_read_path(out, TG_PATH_SIZE, task, BPF_CORE_READ(task, mm, exe_file, f_path.mnt),
				  BPF_CORE_READ(task, mm, exe_file, f_path.dentry));

	return used < 0 ? 0 : used;
}

/* One more than the bytes used; 0 when it could not be read whole. */
static __always_inline __u32 tg_read_cwd(char *out, struct task_struct *task)
{
	return tg_read_path(out, TG_CWD_SIZE, task, BPF_CORE_READ(task, fs, pwd.mnt),
			    BPF_CORE_READ(task, fs, pwd.dentry)) +
	       1;
}

#endif
