// SPDX-License-Identifier: Apache-2.0
/*
 * attempts COUNT MEAN_US: COUNT connection attempts, each by a process of its own to a peer of its own, at random
 * moments MEAN_US apart on average. Prints a line for each: the peer and CLOCK_MONOTONIC in ns right before connect().
 * Peers: 198.51.100.1..254 and 2001:db8:bad::/48, in turn. Port 443; whether anybody answers does not matter.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 443, V4_PEERS = 254 };

static socklen_t peer(int index, struct sockaddr_storage *storage, char *text, size_t size)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

	if (index % 2 == 0 && index / 2 < V4_PEERS) {
		snprintf(text, size, "198.51.100.%d", index / 2 + 1);
		v4->sin_family = AF_INET;
		v4->sin_port = htons(PORT);
		inet_pton(AF_INET, text, &v4->sin_addr);
		return sizeof(*v4);
	}
	snprintf(text, size, "2001:db8:bad::%x", index + 1);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(PORT);
	inet_pton(AF_INET6, text, &v6->sin6_addr);
	return sizeof(*v6);
}

static void attempt(int index)
{
	struct sockaddr_storage address = {0};
	char text[INET6_ADDRSTRLEN];
	socklen_t size = peer(index, &address, text, sizeof(text));
	struct timespec now;
	int fd = socket(address.ss_family, SOCK_STREAM, 0);

	clock_gettime(CLOCK_MONOTONIC, &now);
	(void)!connect(fd, (struct sockaddr *)&address, size);
	printf("%s %lld\n", text, now.tv_sec * 1000000000ll + now.tv_nsec);
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: attempts COUNT MEAN_US");
	int count = atoi(argv[1]), mean_us = atoi(argv[2]);

	srandom(1);
	for (int index = 0; index < count; index++) {
		usleep(mean_us / 10 + random() % (mean_us * 9 / 5));
		pid_t child = fork();
		if (child == 0)
			attempt(index);
		if (child < 0 || waitpid(child, NULL, 0) < 0)
			err(1, "fork");
	}
	return 0;
}
