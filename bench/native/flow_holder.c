// SPDX-License-Identifier: Apache-2.0
/*
 * flow_holder [-a CGROUP] FIRST N...: holds both ends of TCP connections over loopback, the client of each with an address of
 * its own, from the address of that number on. For each line that it reads it opens N more, and when no N is left, sends a byte
 * through each; then it prints "done". With -a a child in that cgroup (its directory) holds the accepting ends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 100000 };
static int first;
static int client[MOST], server[MOST], count, listener;
static int elsewhere;
static struct sockaddr_in place = {.sin_family = AF_INET};

static void begin(void)
{
	socklen_t size = sizeof(place);

	place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&place, size) || listen(listener, 4096) ||
	    getsockname(listener, (struct sockaddr *)&place, &size))
		err(1, "listen");
}

/* The socket that accepts belongs to the cgroup in which it was made. */
static void begin_elsewhere(const char *cgroup)
{
	char path[512];
	int told[2];
	FILE *procs;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	if (pipe(told))
		err(1, "pipe");
	if (fork() > 0) {
		if (read(told[0], &place, sizeof(place)) != sizeof(place))
			errx(1, "the accepting end does not start");
		elsewhere = 1;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	procs = fopen(path, "w");
	if (!procs || fputs("0", procs) < 0 || fclose(procs))
		err(1, "%s", path);
	begin();
	if (write(told[1], &place, sizeof(place)) != sizeof(place))
		err(1, "pipe");
	for (;;)
		if (accept(listener, NULL, NULL) < 0)
			err(1, "accept");
}

static void open_one(void)
{
	struct sockaddr_in mine = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (count == MOST)
		errx(1, "at most %d", MOST);
	/* 127.1.0.1 and on */
	mine.sin_addr.s_addr = htonl(0x7f010001u + first + count);
	if (bind(fd, (struct sockaddr *)&mine, sizeof(mine)) ||
	    connect(fd, (struct sockaddr *)&place, sizeof(place)))
		err(1, "connect %d", count);
	client[count] = fd;
	server[count] = elsewhere ? 0 : accept(listener, NULL, NULL);
	if (server[count] < 0)
		err(1, "accept");
	count++;
}

static void say(void)
{
	char byte = 0;

	for (int i = 0; i < count; i++)
		if (send(client[i], &byte, 1, 0) != 1 || (!elsewhere && recv(server[i], &byte, 1, 0) != 1))
			err(1, "say");
}

int main(int argc, char **argv)
{
	const char *cgroup = NULL;
	char line[64];

	if (argc > 2 && strcmp(argv[1], "-a") == 0) {
		cgroup = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc < 2)
		errx(2, "usage: flow_holder [-a CGROUP] FIRST N...");
	first = atoi(argv[1]);
	if (cgroup)
		begin_elsewhere(cgroup);
	else
		begin();
	for (int step = 2; fgets(line, sizeof(line), stdin); step++) {
		if (step >= argc)
			say();
		for (int left = step < argc ? atoi(argv[step]) : 0; left > 0; left--)
			open_one();
		puts("done");
		fflush(stdout);
	}
	return 0;
}
