// SPDX-License-Identifier: Apache-2.0
/*
 * flow_holder FIRST N...: holds both ends of TCP connections over loopback, the client of each with an address of its own, from
 * the address of that number on. For each
 * line that it reads it opens N more, and when no N is left, sends a byte through each; then it prints "done".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 100000 };
static int first;
static int client[MOST], server[MOST], count, listener;
static struct sockaddr_in place = {.sin_family = AF_INET};

static void begin(void)
{
	socklen_t size = sizeof(place);

	place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&place, size) || listen(listener, 128) ||
	    getsockname(listener, (struct sockaddr *)&place, &size))
		err(1, "listen");
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
	server[count] = accept(listener, NULL, NULL);
	if (server[count] < 0)
		err(1, "accept");
	count++;
}

static void say(void)
{
	char byte = 0;

	for (int i = 0; i < count; i++)
		if (send(client[i], &byte, 1, 0) != 1 || recv(server[i], &byte, 1, 0) != 1)
			err(1, "say");
}

int main(int argc, char **argv)
{
	char line[64];

	if (argc < 2)
		errx(2, "usage: flow_holder FIRST N...");
	first = atoi(argv[1]);
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
