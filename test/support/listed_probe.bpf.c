// SPDX-License-Identifier: GPL-2.0-only
/* Asks the lists for addresses that a test hands over: 20 bytes each (family, words of tg_tuple); bit i of the result is the i-th. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "telegen/listed.h"

char LICENSE[] SEC("license") = "GPL";

struct question {
	__u32 family;
	__u32 ip[4];
};

SEC("xdp")
int ask(struct xdp_md *ctx)
{
	const struct question *each = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 answers = 0, ip[4];
	int i;

	for (i = 0; i < 30; i++, each++) {
		if (each + 1 > end)
			break;
		__builtin_memcpy(ip, each->ip, sizeof(ip));
		if (tg_is_listed(ip, each->family))
			answers |= 1u << i;
	}
	return answers;
}
