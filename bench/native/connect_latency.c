// SPDX-License-Identifier: Apache-2.0
/*
 * connect_latency serve CPU               listens on 127.0.0.1, prints the port, closes what it accepts, until killed
 * connect_latency measure CPU PORT COUNT  prints how many ns each of COUNT connect() calls took, one a line
 * The server closes first and the client waits for that, so the server is idle again before the next connect(), and
 * no port of the client is left in TIME_WAIT.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 500 };

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void serve(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 128) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		err(1, "listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;)
		close(accept(listener, NULL, NULL));
}

static long long measure_one(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	long long began, took;
	char byte;

	began = now_ns();
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		err(1, "connect");
	took = now_ns() - began;
	if (read(fd, &byte, 1) != 0)
		err(1, "read");
	close(fd);
	return took;
}

static void measure(int port, int count)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	long long *took = calloc(count, sizeof(*took));

	address.sin_port = htons(port);
	for (int i = 0; i < WARM_UP; i++)
		measure_one(&address);
	for (int i = 0; i < count; i++)
		took[i] = measure_one(&address);
	for (int i = 0; i < count; i++)
		printf("%lld\n", took[i]);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: connect_latency serve CPU | measure CPU PORT COUNT");
	pin(atoi(argv[2]));
	if (!strcmp(argv[1], "serve"))
		serve();
	else if (argc == 5)
		measure(atoi(argv[3]), atoi(argv[4]));
	return 0;
}
