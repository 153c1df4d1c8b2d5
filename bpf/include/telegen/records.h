/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Everything that crosses the boundary between kernel programs, addon and TypeScript.
 * This is the only definition: scripts/gen-layout.ts generates src/capture/layout.gen.ts from it, and the
 * addon's layout() (sizeof/offsetof) is compared with that file by a test.
 * Only fixed-width integers and arrays; every struct is a multiple of 8 bytes with its padding spelt out.
 */
#ifndef TELEGEN_RECORDS_H
#define TELEGEN_RECORDS_H

#include <linux/types.h>

#define TG_COMM_SIZE 16
#define TG_FILENAME_SIZE 256
/* One path component may be 255 bytes; the writer stops TG_NAME_SIZE before the end. */
#define TG_NAME_SIZE 256
#define TG_PATH_SIZE 768
#define TG_ARGS_SIZE 512
#define TG_CWD_SIZE 512
/* Of a process that no login led to, or when it could not be read. */
#define TG_LOGIN_UNSET 0xffffffff

enum tg_record_kind {
	TG_RECORD_CONNECTION = 1,
	TG_RECORD_CONNECTION_END = 2,
	TG_RECORD_EXEC = 3,
	TG_RECORD_EXEC_DETAIL = 4,
	TG_RECORD_EXIT = 5,
	TG_RECORD_UDP_SOCKET_CLOSED = 6,
	TG_RECORD_PAYLOAD = 7,
	TG_RECORD_STREAM_CLOSED = 8,
	TG_RECORD_SAMPLE = 9,
};

enum tg_phase {
	TG_PHASE_ATTEMPTED = 1,
	TG_PHASE_ESTABLISHED = 2,
	TG_PHASE_ACCEPTED = 3,
	TG_PHASE_FAILED = 4,
	TG_PHASE_CLOSED = 5,
};

enum tg_role {
	TG_ROLE_UNKNOWN = 0,
	TG_ROLE_CLIENT = 1,
	TG_ROLE_SERVER = 2,
};

enum tg_reason {
	TG_REASON_UNKNOWN = 0,
	TG_REASON_CLOSED = 1,
	TG_REASON_REFUSED = 2,
	TG_REASON_TIMEOUT = 3,
	TG_REASON_UNREACHABLE = 4,
	TG_REASON_RESET = 5,
	TG_REASON_ABORTED = 6,
};

enum tg_attribution {
	TG_ATTRIBUTION_UNKNOWN = 0,
	TG_ATTRIBUTION_SOCKET = 1,
	TG_ATTRIBUTION_WORKER = 2,
	TG_ATTRIBUTION_LISTENER = 3,
	TG_ATTRIBUTION_PREEXISTING = 4,
};

/* What a store, cache or broker is spoken to, as far as first bytes tell. */
enum tg_spoken {
	TG_SPOKEN_UNKNOWN = 0,
	TG_SPOKEN_POSTGRESQL = 1,
	TG_SPOKEN_MYSQL = 2,
	TG_SPOKEN_REDIS = 3,
	TG_SPOKEN_MEMCACHED = 4,
	TG_SPOKEN_MONGODB = 5,
	TG_SPOKEN_KAFKA = 6,
	TG_SPOKEN_AMQP = 7,
	TG_SPOKEN_MQTT = 8,
	TG_SPOKEN_NATS = 9,
	TG_SPOKEN_CASSANDRA = 10,
	TG_SPOKEN_MSSQL = 11,
	TG_SPOKEN_SSH = 12,
	TG_SPOKEN_SMB = 13,
	TG_SPOKEN_RDP = 14,
	TG_SPOKEN_BITTORRENT = 15,
	/* The client begins with something that is none of these, nor HTTP or TLS. */
	TG_SPOKEN_OTHER = 16,
};

/* One counter slot per class of record; index of the tg_counters map. */
enum tg_counter {
	TG_COUNTER_ATTEMPTED = 0,
	TG_COUNTER_ESTABLISHED = 1,
	TG_COUNTER_ACCEPTED = 2,
	TG_COUNTER_FAILED = 3,
	TG_COUNTER_CLOSED = 4,
	TG_COUNTER_EXEC = 5,
	TG_COUNTER_EXIT = 6,
	TG_COUNTER_UDP_SOCKET_CLOSED = 7,
	TG_COUNTER_PAYLOAD = 8,
	TG_COUNTER_STREAM_CLOSED = 9,
	/* Not a record: a socket or process whose state could not be stored. */
	TG_COUNTER_SOCKET_STATE = 10,
	TG_COUNTER_UDP_FLOW_STATE = 11,
	TG_COUNTER_PROCESS_STATE = 12,
	TG_COUNTER_STREAM_STATE = 13,
	TG_COUNTER_COUNT = 14,
};

struct tg_counter_value {
	__u64 submitted;
	__u64 dropped;
};

/* Bits of tg_head.flags. */
enum tg_mark {
	TG_MARK_LISTED = 1, /* a list names the peer (tg_is_listed) */
};

/* Head of every record. time_ns: CLOCK_MONOTONIC. size: bytes of the whole record. */
struct tg_head {
	__u64 time_ns;
	__u32 size;
	__u16 kind;
	__u16 flags;
};

/*
 * A process, as known in its own context. start_ns is CLOCK_MONOTONIC of the fork or exec that began the program,
 * exec_id names the exec whose image it runs (inherited over fork). Both are 0 when not observed.
 */
struct tg_owner {
	__u64 start_ns;
	__u64 exec_id;
	__u64 cgroup_id;
	__u32 pid;
	__u32 parent_pid;
	__u32 uid;
	__u32 tid;
	char comm[TG_COMM_SIZE];
};

/*
 * Addresses are four host-order words, most significant first; IPv4 (also IPv4-mapped IPv6) fills word 3 alone and
 * has family 4. Ports are host order.
 */
struct tg_tuple {
	__u32 local_ip[4];
	__u32 remote_ip[4];
	__u16 local_port;
	__u16 remote_port;
	__u8 family;   /* 4 or 6 */
	__u8 protocol; /* IPPROTO_* */
	__u8 role;     /* enum tg_role */
	__u8 pad;
};

struct tg_connection {
	struct tg_head head;
	struct tg_tuple tuple;
	struct tg_owner owner;
	__u64 cookie;
	__u32 rtt_us; /* smoothed; 0 when never measured */
	__u16 error;  /* errno, 0 when unknown */
	__u8 phase;   /* enum tg_phase */
	__u8 attribution;
};

/* Phases failed and closed. Bytes are payload bytes. */
struct tg_connection_end {
	struct tg_connection connection;
	__u64 began_ns;
	__u64 bytes_sent;
	__u64 bytes_received;
	__u32 segments_sent;
	__u32 segments_received;
	__u32 retransmits;
	__u32 min_rtt_us;
	__u32 reason; /* enum tg_reason */
	__u8 spoken;  /* enum tg_spoken */
	__u8 pad[3];
};

struct tg_exec {
	struct tg_head head;
	struct tg_owner owner;
	char filename[TG_FILENAME_SIZE]; /* as passed to exec, NUL-terminated */
};

/*
 * path holds the names from the executable upwards, each NUL-terminated ("shell\0tmp\0" is /tmp/shell); path_size is
 * 0 when it could not be read whole. args holds argv as the kernel keeps it: NUL-separated. cwd is the working directory
 * in the form of path; cwd_size is one more than what it takes, since that of / takes nothing.
 */
struct tg_exec_detail {
	struct tg_exec exec;
	__u32 path_size;
	__u32 args_size;
	__u32 cwd_size;
	__u32 login_uid; /* whom the session that led here was opened for (audit's loginuid), TG_LOGIN_UNSET */
	char path[TG_PATH_SIZE];
	char args[TG_ARGS_SIZE];
	char cwd[TG_CWD_SIZE];
};

struct tg_exit {
	struct tg_head head;
	struct tg_owner owner;
};

struct tg_udp_socket_closed {
	struct tg_head head;
	__u64 cookie;
};

/* What to look for in conversations; bits of the constant tg_content. */
enum tg_content {
	TG_CONTENT_DNS = 1,
	TG_CONTENT_HTTP = 2, /* any version, so gRPC, too */
	TG_CONTENT_TLS = 4,
};

enum tg_direction {
	TG_DIRECTION_RECEIVED = 0,
	TG_DIRECTION_SENT = 1,
};

/* Bits of tg_payload.flags. */
enum tg_piece {
	TG_PIECE_ALIGNED = 1,   /* begins at a frame; what lies before it was left out frame by frame */
	TG_PIECE_LATE = 2,      /* the conversation is older than telegen */
	TG_PIECE_UNORDERED = 4, /* may come before bytes that precede it, or repeat some */
	TG_PIECE_QUIET = 8,     /* nothing between the piece before and this one has content */
	TG_PIECE_COMPLETE = 16, /* behind `passed`, a body or frame is over */
	TG_PIECE_ORPHAN = 32,   /* came to the listener: belongs to the connection of this tuple that is being accepted */
};

/*
 * Part of what a conversation said: `length` bytes follow. The ordinal counts the pieces of this direction, also those
 * that found no room: a jump is a loss. `passed` bytes right behind were seen and left out on purpose.
 * Datagrams come whole or cut, with ordinal and seq 0.
 */
struct tg_payload {
	struct tg_head head;
	struct tg_tuple tuple;
	struct tg_owner owner;
	__u64 cookie;
	__u32 seq; /* TCP sequence number of the first byte */
	__u32 length;
	__u32 passed;
	__u32 ordinal;
	__u8 direction; /* enum tg_direction */
	__u8 attribution;
	__u8 flags; /* enum tg_piece */
	__u8 pad[5];
};

/* The end of a connection of which pieces were reported. seen: sequence number behind the last byte, by direction. */
struct tg_stream_closed {
	struct tg_head head;
	__u64 cookie;
	__u32 seen[2];
	__u8 known; /* bit (1 << direction): `seen` is known */
	__u8 reset;
	__u8 pad[6];
};

/* Key and value of the tg_processes map, by process id (tgid). */
struct tg_process {
	__u64 start_ns;
	__u64 exec_id;
	__u32 parent_pid;
	__u32 pad;
};

/* Key and value of the tg_udp_flows map. */
struct tg_udp_key {
	__u64 cookie;
	__u32 remote_ip[4];
	__u16 remote_port;
	__u16 pad[3];
};

struct tg_udp_flow {
	struct tg_tuple tuple;
	__u64 first_ns;
	__u64 last_ns;
	__u64 bytes_sent;
	__u64 bytes_received;
	__u64 packets_sent;
	__u64 packets_received;
};

/* Bits of tg_flow.flags. */
enum tg_flow_flag {
	TG_FLOW_FLAG_OLDER = 1, /* the connection is older than telegen: what it counted before is not ours */
	TG_FLOW_FLAG_FIRST = 2, /* nothing was told of it before */
	TG_FLOW_FLAG_LISTED = 4, /* a list names the peer */
};

/*
 * A TCP connection that is open; value of the tg_flows map. Bytes are payload that has been acknowledged and received, and
 * never more than its end will tell.
 */
struct tg_flow {
	__u64 cookie;
	__u64 bytes_sent;
	__u64 bytes_received;
	__u32 segments_sent; /* of all time, modulo 2^32, as those below */
	__u32 segments_received;
	__u32 retransmits;
	__u32 rtt_us;
	__u32 ends;  /* from 1: who talks to whom, in tg_flow_ends; 0: that was told before */
	__u8 flags;  /* enum tg_flow_flag */
	__u8 spoken; /* enum tg_spoken */
	__u8 pad[2];
};

/* Value of the tg_flow_ends map. */
struct tg_flow_ends {
	struct tg_tuple tuple;
	struct tg_owner owner;
	__u8 attribution;
	__u8 pad[7];
};

/* The value of the tg_flow_batch map: how far the batch has come, zeroed by user space before each. */
struct tg_flow_batch {
	__u64 now_ns;
	__u32 flows;
	__u32 ends;
	__u32 sockets;  /* looked at */
	__u32 all_ends; /* set by user space: it wants the ends of all flows */
};

/* ---- lists of addresses (bpf/include/telegen/listed.h) ------------------------------------------------------------ */

enum tg_listed_source {
	TG_LISTED_SOURCE_LISTS = 0,
	TG_LISTED_SOURCE_SCORES = 1, /* shared reputation */
	TG_LISTED_SOURCE_COUNT = 2,
};

/* Addresses as in tg_tuple; both ends are part of the range. */
struct tg_listed_range4 {
	__u32 first;
	__u32 last;
};

struct tg_listed_range6 {
	__u32 first[4];
	__u32 last[4];
};

/* Rows of a version, counted from its first: the one that may hold an address is among them, or right before. */
struct tg_listed_bucket {
	__u32 from;
	__u32 to;
};

/*
 * A version of a table. An address is in bucket (its word `word` - least) >> shift; IPv4 addresses have but one word. All rows
 * begin with the same words before that one.
 */
struct tg_listed_part {
	__u32 row; /* the first, in the map of ranges */
	__u32 count;
	__u32 bucket; /* the first, in the map of buckets */
	__u32 buckets; /* 0: none, all rows are searched */
	__u32 word;
	__u32 least;
	__u32 shift;
	__u32 pad;
	__u32 shared[4];
};

/* Value of the tg_listed map: part[generation & 1] is in use. `begun`: the newest generation whose part has been written to. */
struct tg_listed_table {
	__u32 generation;
	__u32 begun;
	struct tg_listed_part part[2];
};

/* ---- packets on interfaces (bpf/xdp.bpf.c) ---------------------------------------------------------------------- */

enum tg_packet_protocol {
	TG_PACKET_PROTOCOL_TCP = 0,
	TG_PACKET_PROTOCOL_UDP = 1,
	TG_PACKET_PROTOCOL_ICMP = 2,
	TG_PACKET_PROTOCOL_ICMPV6 = 3,
	TG_PACKET_PROTOCOL_OTHER = 4, /* any other IP protocol, or no IP */
};

/* Systems give ports from here on to clients (Linux by default: net.ipv4.ip_local_port_range). */
enum tg_port {
	TG_PORT_FIRST_OF_CLIENTS = 32768,
};

/* Bits of tg_service_key.flags. */
enum tg_service {
	TG_SERVICE_OUTBOUND = 1,
	TG_SERVICE_FILTERED = 2, /* what the filters leave out: by protocol alone, port 0 */
};

/* Key of the tg_services map: packets by interface, direction, protocol and destination port. */
struct tg_service_key {
	__u32 ifindex;
	__u16 port;     /* host order; 0 without ports, for answers to clients, and when the table is full */
	__u8 protocol;  /* enum tg_packet_protocol */
	__u8 flags;     /* enum tg_service */
};

/* Value of tg_services, one per CPU. Counts wrap around at 2^32: readers take differences. */
struct tg_service_counts {
	__u64 bytes;
	__u32 packets;
	__u32 small; /* at most 128 bytes */
	__u32 syn;
	__u32 syn_ack;
	__u32 rst;
	__u32 fin;
	__u32 null_flags;
	__u32 fin_only;
	__u32 xmas;
	__u32 probe_window; /* the window that `probes` belongs to */
	__u32 probes;       /* looked at in it */
	__u32 pad;
};

/* Slots of the tg_near_* maps; powers of 2. */
enum tg_near_slots {
	TG_NEAR_SLOTS_SERVICES = 256, /* of each CPU */
	TG_NEAR_SLOTS_ENDPOINTS = 4096,
};

/* A slot of the tg_near_services map. */
struct tg_near_service {
	struct tg_service_key key; /* all zero: free; user space frees */
	struct tg_service_counts counts;
};

/* Key of the tg_sources and tg_destinations maps. Addresses as in tg_tuple. */
struct tg_endpoint_key {
	__u32 ip[4];
	__u32 ifindex;
	__u8 family; /* 4 or 6 */
	__u8 direction; /* enum tg_direction */
	__u16 pad;
};

struct tg_endpoint_counts {
	__u64 packets;
	__u64 bytes;
	__u64 syn;
	__u32 judged; /* by which versions of the lists `listed` is */
	__u32 listed;
};

enum tg_near {
	TG_NEAR_FREE = 0,
	TG_NEAR_TAKEN = 1, /* the key is being written */
	TG_NEAR_USED = 2,
};

/* A slot of the tg_near_sources and tg_near_destinations maps. */
struct tg_near_endpoint {
	struct tg_endpoint_key key;
	__u32 state; /* enum tg_near; user space frees */
	__u32 pad;
	struct tg_endpoint_counts counts;
};

/* Key and value of the tg_senders map: outbound packets by the process that owns their socket. */
struct tg_sender_key {
	__u64 start_ns;
	__u32 pid; /* 0: a socket of which nothing is known */
	__u32 ifindex;
};

struct tg_sender {
	struct tg_owner owner;
	__u64 packets;
	__u64 bytes;
};

enum tg_probe_kind {
	TG_PROBE_KIND_SYN = 0,
	TG_PROBE_KIND_NULL = 1,
	TG_PROBE_KIND_FIN = 2,
	TG_PROBE_KIND_XMAS = 3,
	TG_PROBE_KIND_UDP = 4,
	TG_PROBE_KIND_ICMP_ECHO = 5,
};

enum tg_probe_answer {
	TG_PROBE_ANSWER_NONE = 0,
	TG_PROBE_ANSWER_OPEN = 1,
	TG_PROBE_ANSWER_RST = 2,
};

/* Key and value of the tg_probes map: first packets from outside to an address of this host. */
struct tg_probe_key {
	__u32 source[4];
	__u32 target[4];
	__u16 port; /* 0 for ICMP */
	__u8 family;
	__u8 kind; /* enum tg_probe_kind */
	__u32 pad;
};

struct tg_probe {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 ifindex;
	__u32 answer; /* enum tg_probe_answer */
};

/* Index of the tg_packet_stats map. */
enum tg_packet_stat {
	TG_PACKET_STAT_SEEN = 0,
	TG_PACKET_STAT_MALFORMED = 1,          /* headers that are cut off or contradict themselves */
	TG_PACKET_STAT_FOLDED = 2,             /* no room for another service: counted by protocol alone */
	TG_PACKET_STAT_SOURCES_UNTRACKED = 3,  /* packets whose address found no room */
	TG_PACKET_STAT_DESTINATIONS_UNTRACKED = 4,
	TG_PACKET_STAT_SENDERS_UNTRACKED = 5,
	TG_PACKET_STAT_PROBES = 6,             /* told to user space */
	TG_PACKET_STAT_PROBES_LIMITED = 7,     /* over the limit of a window */
	TG_PACKET_STAT_PROBES_UNTRACKED = 8,   /* no room */
	TG_PACKET_STAT_SAMPLES = 9,
	TG_PACKET_STAT_SAMPLES_LOST = 10,      /* no room in the ring */
	TG_PACKET_STAT_LISTED_RECEIVED = 11,   /* from an address that a list names */
	TG_PACKET_STAT_LISTED_SENT = 12,       /* to one */
	TG_PACKET_STAT_COUNT = 13,
};

#define TG_SAMPLE_PAYLOAD 96

/* 1 in N packets: its headers, and how its payload begins. */
struct tg_sample {
	struct tg_head head;
	__u32 source[4];
	__u32 target[4];
	__u32 ifindex;
	__u32 wire_size; /* from the link header on */
	__u32 packets;   /* that the network card, or the stack, had put together */
	__u32 payload_size;
	__u16 source_port;
	__u16 port;
	__u8 family;
	__u8 protocol;  /* enum tg_packet_protocol */
	__u8 direction; /* enum tg_direction */
	__u8 tcp_flags;
	__u8 payload[TG_SAMPLE_PAYLOAD]; /* payload_size of it */
};

#endif
