// SPDX-License-Identifier: Apache-2.0
/*
 * program_stats: turns on the kernel's run-time statistics of BPF programs for as long as it runs (they end with the
 * file descriptor, however this program ends). Prints "on", and for each line that it reads the programs
 * "id name runs nanoseconds", then an empty line.
 */
#include <err.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attr) { return syscall(SYS_bpf, command, attr, sizeof(*attr)); }

static void print_program(__u32 id)
{
	struct bpf_prog_info info = {0};
	union bpf_attr open = {.prog_id = id};
	int fd = bpf(BPF_PROG_GET_FD_BY_ID, &open);

	/* Ended since it was listed. */
	if (fd < 0)
		return;
	union bpf_attr query = {.info = {.bpf_fd = fd, .info_len = sizeof(info), .info = (__u64)(unsigned long)&info}};
	if (!bpf(BPF_OBJ_GET_INFO_BY_FD, &query))
		printf("%u %s %llu %llu\n", id, info.name[0] ? info.name : "-", (unsigned long long)info.run_cnt,
		       (unsigned long long)info.run_time_ns);
	close(fd);
}

static void print_all(void)
{
	union bpf_attr next;

	memset(&next, 0, sizeof(next));
	while (!bpf(BPF_PROG_GET_NEXT_ID, &next)) {
		print_program(next.next_id);
		next.start_id = next.next_id;
	}
	printf("\n");
	fflush(stdout);
}

int main(void)
{
	union bpf_attr enable = {.enable_stats = {.type = BPF_STATS_RUN_TIME}};
	char line[64];

	if (bpf(BPF_ENABLE_STATS, &enable) < 0)
		err(1, "BPF_ENABLE_STATS");
	puts("on");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		print_all();
	return 0;
}
