// SPDX-License-Identifier: Apache-2.0
/*
 * packet_source INTERFACE FILE: sends frames out of an interface. Each line of the file is "COUNT HEX". What the
 * interface says that it dropped (its peer's queue was full) is sent again, so that exactly COUNT of each arrive.
 * Prints how many were sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define MAX_FRAME 2048

static const char *interface;

static unsigned long dropped(void)
{
	char line[512], name[64];
	unsigned long drops = 0;
	FILE *file = fopen("/proc/net/dev", "r");

	if (!file)
		err(1, "/proc/net/dev");
	while (fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = ' ';
		if (sscanf(line, " %63s", name) != 1 || strcmp(name, interface))
			continue;
		/* received: 8 figures; sent: bytes, packets, errors, drops */
		sscanf(line, "%*s %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu", &drops);
	}
	fclose(file);
	return drops;
}

static void send_batch(int fd, unsigned char *frame, size_t size, unsigned count)
{
	struct iovec part = {.iov_base = frame, .iov_len = size};
	struct mmsghdr messages[BATCH];
	unsigned sent = 0;

	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < count; i++) {
		messages[i].msg_hdr.msg_iov = &part;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (sent < count) {
		int now = sendmmsg(fd, messages + sent, count - sent, 0);

		if (now > 0)
			sent += now;
		else if (errno == ENOBUFS)
			sched_yield();
		else
			err(1, "sendmmsg");
	}
}

static void send_all(int fd, unsigned char *frame, size_t size, unsigned long count)
{
	unsigned long before = dropped();

	while (count > 0) {
		unsigned batch = count < BATCH ? count : BATCH;
		unsigned long now;

		send_batch(fd, frame, size, batch);
		now = dropped();
		count -= batch - (now - before);
		before = now;
	}
}

static size_t read_hex(const char *hex, unsigned char *frame)
{
	size_t size = 0;

	while (size < MAX_FRAME && sscanf(hex + 2 * size, "%2hhx", &frame[size]) == 1)
		size++;
	return size;
}

int main(int argc, char **argv)
{
	static char line[2 * MAX_FRAME + 64];
	unsigned char frame[MAX_FRAME];
	unsigned long total = 0, count;
	FILE *file;
	int at;

	if (argc != 3)
		errx(2, "usage: packet_source INTERFACE FILE");
	interface = argv[1];
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex(interface)};

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "%s", interface);
	file = fopen(argv[2], "r");
	if (!file)
		err(1, "%s", argv[2]);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lu %n", &count, &at) != 1)
			continue;
		send_all(fd, frame, read_hex(line + at, frame), count);
		total += count;
	}
	printf("%lu\n", total);
	return 0;
}
