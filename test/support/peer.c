/*
 * A network peer that makes exactly the system calls it is told to: peer OP [ARG...] OP [ARG...] ...
 *
 *   tcp4 tcp6 udp4 udp6        a new socket, from here on the current one (an older one stays open)
 *   bind IP PORT, listen, port listen makes the current socket the listener; port prints the local port
 *   connect IP PORT            prints "connect ERRNO" when it fails, and goes on
 *   accept                     the current socket is now the accepted one
 *   send N, recv N, eof        N bytes; eof reads until the peer's FIN (or reset) and prints the bytes read
 *   acked                      waits until the peer has acknowledged everything sent
 *   sendto IP PORT N           one datagram; prints "sendto ERRNO" when it fails
 *   datagrams N, answer N      receives N datagrams; answer sends each one back
 *   dup                        three other descriptors for the current socket, and none of those that it had
 *   shutdown, close, unlisten  half-close, close of the current socket, close of the listener
 *   linger0, nonblock, syncnt N, timeout MS (TCP_USER_TIMEOUT)
 *   wait, say WORD, pid, sleep MS          wait: until a line comes on standard input
 *   fork                       the child does the rest; the parent closes its copy of the connection and waits for it
 *   thread                     a thread does the rest, the main thread waits for it
 *   alone                      a thread does the rest, the main thread ends
 *   repeat N                   does the rest N times
 *   exec PATH                  PATH does the rest
 *   name WORD, uid N, chroot DIR, exit
 *   attached DIR               prints how many BPF programs are attached to a cgroup directory
 *
 * Anything unexpected ends it with status 1 and a message.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int current = -1, listener = -1, domain = AF_INET;
static char bytes[65536];

static void run(char **op);

static void die(const char *what) {
	fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long check(long result, const char *what) {
	if (result < 0)
		die(what);
	return result;
}

static socklen_t address(struct sockaddr_storage *out, const char *ip, const char *port) {
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = domain;
	if (domain == AF_INET) {
		v4->sin_port = htons(atoi(port));
		if (inet_pton(AF_INET, ip, &v4->sin_addr) != 1)
			die(ip);
		return sizeof(*v4);
	}
	v6->sin6_port = htons(atoi(port));
	if (inet_pton(AF_INET6, ip, &v6->sin6_addr) != 1)
		die(ip);
	return sizeof(*v6);
}

static void open_socket(const char *kind) {
	int one = 1;

	domain = kind[3] == '6' ? AF_INET6 : AF_INET;
	current = check(socket(domain, kind[0] == 't' ? SOCK_STREAM : SOCK_DGRAM, 0), "socket");
	check(setsockopt(current, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), "SO_REUSEADDR");
}

static void print_port(void) {
	struct sockaddr_in6 local;
	socklen_t size = sizeof(local);

	check(getsockname(current, (struct sockaddr *)&local, &size), "getsockname");
	/* sin_port and sin6_port share their place. */
	printf("%d\n", ntohs(local.sin6_port));
}

static void send_bytes(long count) {
	while (count > 0)
		count -= check(send(current, bytes, count < (long)sizeof(bytes) ? count : (long)sizeof(bytes), MSG_NOSIGNAL), "send");
}

static void receive_bytes(long count) {
	while (count > 0) {
		long got = check(recv(current, bytes, count < (long)sizeof(bytes) ? count : (long)sizeof(bytes), 0), "recv");
		if (got == 0)
			die("recv: early end");
		count -= got;
	}
}

static void receive_until_end(void) {
	long total = 0, got;

	while ((got = recv(current, bytes, sizeof(bytes), 0)) > 0)
		total += got;
	printf("%ld\n", total);
}

static void wait_for_acks(void) {
	int unacknowledged;

	do
		check(ioctl(current, SIOCOUTQ, &unacknowledged), "SIOCOUTQ");
	while (unacknowledged && usleep(500) == 0);
}

static void datagrams(int count, int answer) {
	while (count-- > 0) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		long got = check(recvfrom(current, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size), "recvfrom");
		if (answer)
			check(sendto(current, bytes, got, 0, (struct sockaddr *)&from, size), "answer");
	}
}

static void wait_for_line(void) {
	char byte;

	while (check(read(0, &byte, 1), "wait") == 1 && byte != '\n')
		;
}

static void fork_rest(char **rest) {
	int status;
	pid_t child = check(fork(), "fork");

	if (child == 0) {
		run(rest);
		exit(0);
	}
	if (current != listener)
		close(current);
	check(waitpid(child, &status, 0), "waitpid");
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void other_descriptors(void) {
	int old = current;

	for (int i = 0; i < 3; i++)
		current = check(dup(old), "dup");
	close(old);
}

static void *thread_main(void *rest) {
	run(rest);
	return NULL;
}

static void thread_rest(char **rest) {
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_main, rest) || pthread_join(thread, NULL))
		die("thread");
	exit(0);
}

static void rest_alone(char **rest) {
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_main, rest))
		die("thread");
	pthread_exit(NULL);
}

static void exec_rest(char *path, char **rest) {
	char *argv[64] = {path};

	for (int i = 0; rest[i] && i < 62; i++)
		argv[i + 1] = rest[i];
	fflush(stdout);
	execv(path, argv);
	die(path);
}

static void print_attached(const char *directory) {
	int cgroup = check(open(directory, O_RDONLY | O_DIRECTORY), directory);
	unsigned total = 0;

	for (int type = 0; type < 64; type++) {
		union bpf_attr attr = {};
		attr.query.target_fd = cgroup;
		attr.query.attach_type = type;
		if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) == 0)
			total += attr.query.prog_cnt;
	}
	close(cgroup);
	printf("%u\n", total);
}

static void set_option(int level, int name, int value) {
	check(setsockopt(current, level, name, &value, sizeof(value)), "setsockopt");
}

static int is(const char *op, const char *name) { return strcmp(op, name) == 0; }

/* Operations on sockets. Returns how many words were used, 0 when this is none of them. */
static int socket_op(char **op) {
	struct sockaddr_storage to;
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	int used = 1;

	if (is(*op, "tcp4") || is(*op, "tcp6") || is(*op, "udp4") || is(*op, "udp6"))
		open_socket(*op);
	else if (is(*op, "listen"))
		check(listen(listener = current, 4096), "listen");
	else if (is(*op, "port"))
		print_port();
	else if (is(*op, "accept"))
		current = check(accept(listener, NULL, NULL), "accept");
	else if (is(*op, "eof"))
		receive_until_end();
	else if (is(*op, "acked"))
		wait_for_acks();
	else if (is(*op, "dup"))
		other_descriptors();
	else if (is(*op, "shutdown"))
		check(shutdown(current, SHUT_WR), "shutdown");
	else if (is(*op, "close"))
		check(close(current), "close");
	else if (is(*op, "unlisten"))
		check(close(listener), "unlisten");
	else if (is(*op, "linger0"))
		check(setsockopt(current, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), "SO_LINGER");
	else if (is(*op, "nonblock"))
		check(fcntl(current, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
	else if (!op[1])
		return 0;
	else if (used = 2, is(*op, "syncnt"))
		set_option(IPPROTO_TCP, TCP_SYNCNT, atoi(op[1]));
	else if (is(*op, "timeout"))
		set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, atoi(op[1]));
	else if (is(*op, "send"))
		send_bytes(atol(op[1]));
	else if (is(*op, "recv"))
		receive_bytes(atol(op[1]));
	else if (is(*op, "datagrams") || is(*op, "answer"))
		datagrams(atoi(op[1]), is(*op, "answer"));
	else if (!op[2])
		return 0;
	else if (used = 3, is(*op, "bind"))
		check(bind(current, (struct sockaddr *)&to, address(&to, op[1], op[2])), "bind");
	else if (is(*op, "connect")) {
		if (connect(current, (struct sockaddr *)&to, address(&to, op[1], op[2])))
			printf("connect %s\n", strerrorname_np(errno));
	} else if (op[3] && is(*op, "sendto")) {
		used = 4;
		if (sendto(current, bytes, atoi(op[3]), 0, (struct sockaddr *)&to, address(&to, op[1], op[2])) < 0)
			printf("sendto %s\n", strerrorname_np(errno));
	} else
		return 0;
	return used;
}

/* Operations on the process. Returns how many words were used, 0 when this is none of them. */
static int process_op(char **op) {
	if (is(*op, "wait"))
		return wait_for_line(), 1;
	if (is(*op, "pid"))
		return printf("%d\n", getpid()), 1;
	if (is(*op, "fork"))
		fork_rest(op + 1);
	if (is(*op, "thread"))
		thread_rest(op + 1);
	if (is(*op, "alone"))
		rest_alone(op + 1);
	if (is(*op, "exit"))
		exit(0);
	if (!op[1])
		return 0;
	if (is(*op, "say"))
		printf("%s\n", op[1]);
	else if (is(*op, "sleep"))
		usleep(atoi(op[1]) * 1000);
	else if (is(*op, "name"))
		check(prctl(PR_SET_NAME, op[1]), "name");
	else if (is(*op, "uid"))
		check(setresuid(atoi(op[1]), atoi(op[1]), atoi(op[1])), "uid");
	else if (is(*op, "chroot"))
		check(chroot(op[1]) || chdir("/") ? -1 : 0, "chroot");
	else if (is(*op, "attached"))
		print_attached(op[1]);
	else if (is(*op, "exec"))
		exec_rest(op[1], op + 2);
	else
		return 0;
	return 2;
}

static void run(char **op) {
	while (*op) {
		if (is(*op, "repeat") && op[1]) {
			for (long left = atol(op[1]); left > 0; left--)
				run(op + 2);
			return;
		}
		int used = socket_op(op);
		if (!used)
			used = process_op(op);
		if (!used) {
			fprintf(stderr, "peer: bad operation %s\n", *op);
			exit(1);
		}
		op += used;
	}
}

int main(int argc, char **argv) {
	setlinebuf(stdout);
	run(argv + 1);
	return argc < 2;
}
