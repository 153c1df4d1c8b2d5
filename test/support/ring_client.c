// ring_client ADDRESS PORT TIMES: asks a web server so many times for /small.txt, over one connection, by io_uring alone: connect,
// send and receive are submitted, and no socket call but socket() is made. Prints the bytes received.
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 4

struct ring {
	int fd;
	struct io_uring_params params;
	uint8_t *submissions, *completions;
	struct io_uring_sqe *entries;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint8_t *map(int fd, size_t size, off_t what)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);

	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

static void open_ring(struct ring *ring)
{
	struct io_uring_params *params = &ring->params;

	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, params);
	if (ring->fd < 0)
		fail("io_uring_setup");
	ring->submissions = map(ring->fd, params->sq_off.array + params->sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
	ring->completions =
		map(ring->fd, params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	ring->entries = (void *)map(ring->fd, params->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
}

static uint32_t *word(uint8_t *ring, uint32_t offset) { return (uint32_t *)(ring + offset); }

// Submits one request and waits for it; the result is that of the system call in its place.
static int perform(struct ring *ring, const struct io_uring_sqe *request)
{
	const struct io_uring_params *params = &ring->params;
	uint32_t *tail = word(ring->submissions, params->sq_off.tail);
	uint32_t *head = word(ring->completions, params->cq_off.head);
	uint32_t index = *tail & *word(ring->submissions, params->sq_off.ring_mask);
	struct io_uring_cqe *results = (void *)(ring->completions + params->cq_off.cqes);
	int result;

	ring->entries[index] = *request;
	word(ring->submissions, params->sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		fail("io_uring_enter");
	result = results[*head & *word(ring->completions, params->cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static int check(const char *what, int result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(-result));
		exit(1);
	}
	return result;
}

int main(int argc, char **argv)
{
	static const char request[] = "GET /small.txt HTTP/1.1\r\nHost: ring\r\n\r\n";
	struct sockaddr_in peer = { .sin_family = AF_INET };
	struct ring ring = { 0 };
	static char answer[65536];
	int fd, times;

	if (argc != 4 || !inet_aton(argv[1], &peer.sin_addr))
		return 2;
	peer.sin_port = htons(atoi(argv[2]));
	open_ring(&ring);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		fail("socket");
	check("connect", perform(&ring, &(struct io_uring_sqe){ .opcode = IORING_OP_CONNECT,
								.fd = fd,
								.addr = (uintptr_t)&peer,
								.off = sizeof(peer) }));
	for (times = atoi(argv[3]); times > 0; times--) {
		check("send", perform(&ring, &(struct io_uring_sqe){ .opcode = IORING_OP_SEND,
								     .fd = fd,
								     .addr = (uintptr_t)request,
								     .len = sizeof(request) - 1 }));
		printf("%d\n", check("recv", perform(&ring, &(struct io_uring_sqe){ .opcode = IORING_OP_RECV,
										    .fd = fd,
										    .addr = (uintptr_t)answer,
										    .len = sizeof(answer) })));
	}
	return 0;
}
