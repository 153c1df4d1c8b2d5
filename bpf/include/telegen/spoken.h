/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Which database, cache, broker or way into the machine is spoken to, by the first bytes of either side;
 * src/protocols/service-sniff.ts says the same of captures. Nothing is read beyond that.
 */
#ifndef TELEGEN_SPOKEN_H
#define TELEGEN_SPOKEN_H

#include "telegen/sniff.h"

/* Segments of a direction that are looked at. */
#define TG_SPOKEN_LOOKS 2

static __always_inline __u32 tg_be32(const union tg_sniff *bytes, __u32 at)
{
	const __u8 *byte = bytes->byte + at;

	return ((__u32)byte[0] << 24) | ((__u32)byte[1] << 16) | ((__u32)byte[2] << 8) | byte[3];
}

static __always_inline int tg_is_digit(__u8 byte)
{
	return byte >= '0' && byte <= '9';
}

/* StartupMessage, or the request for TLS or GSSAPI in front of it. */
static __always_inline int tg_is_postgresql(const union tg_sniff *bytes, __u32 length)
{
	__u32 size = tg_be32(bytes, 0), version = tg_be32(bytes, 4);

	if (length < 8 || size < 8 || size > 10000)
		return 0;
	return version == 0x00030000 || version == 0x04d2162f || version == 0x04d21630;
}

/* An array of strings: "*1\r\n$". */
static __always_inline int tg_is_redis(const union tg_sniff *bytes, __u32 length)
{
	const __u8 *byte = bytes->byte;

	if (length < 6 || byte[0] != '*' || !tg_is_digit(byte[1]))
		return 0;
	if (byte[2] == '\r')
		return byte[3] == '\n' && byte[4] == '$';
	return tg_is_digit(byte[2]) && byte[3] == '\r' && byte[4] == '\n' && byte[5] == '$';
}

/* "get ", "gets", "set " */
static __always_inline int tg_is_memcached(const union tg_sniff *bytes, __u32 length)
{
	__u32 word = tg_be32(bytes, 0);

	return length >= 5 && (word == 0x67657420 || word == 0x67657473 || word == 0x73657420);
}

/* A request (responseTo 0) with OP_MSG, OP_QUERY or OP_COMPRESSED; numbers are little-endian. */
static __always_inline int tg_is_mongodb(const union tg_sniff *bytes, __u32 length)
{
	__u32 code = __builtin_bswap32(tg_be32(bytes, 12)), size = __builtin_bswap32(tg_be32(bytes, 0));

	return length >= 16 && size >= 16 && size <= 48000000 && !tg_be32(bytes, 8) &&
	       (code == 2013 || code == 2004 || code == 2012);
}

/* ApiVersions or Metadata, which clients begin with: size, key, version, correlation, length of the client's id. */
static __always_inline int tg_is_kafka(const union tg_sniff *bytes, __u32 length)
{
	__u32 size = tg_be32(bytes, 0), call = tg_be32(bytes, 4), key = call >> 16;
	__u32 id = tg_be32(bytes, 12) >> 16;

	return length >= 14 && size >= 10 && size < 1 << 16 && (key == 18 || key == 3) && (call & 0xffff) < 16 &&
	       (id < 256 || id == 0xffff);
}

/* "MQTT" behind the length of the packet (one or two bytes) and of the name. */
static __always_inline int tg_is_mqtt(const union tg_sniff *bytes, __u32 length)
{
	if (length < 9 || bytes->byte[0] != 0x10)
		return 0;
	return bytes->byte[1] < 0x80 ? tg_be32(bytes, 4) == 0x4d515454 : tg_be32(bytes, 5) == 0x4d515454;
}

/* A frame of a request, OPTIONS or STARTUP. */
static __always_inline int tg_is_cassandra(const union tg_sniff *bytes, __u32 length)
{
	__u8 version = bytes->byte[0], code = bytes->byte[4];
	__u32 size = tg_be32(bytes, 5);

	if (length < 9 || version < 3 || version > 5)
		return 0;
	return (code == 5 && !size) || (code == 1 && size > 0 && size < 4096);
}

/* PRELOGIN of TDS. */
static __always_inline int tg_is_mssql(const union tg_sniff *bytes, __u32 length)
{
	__u32 size = tg_be32(bytes, 2) >> 16;

	return length >= 8 && bytes->byte[0] == 0x12 && bytes->byte[1] == 1 && size >= 8 && size < 4096 &&
	       !bytes->byte[4] && !bytes->byte[5] && !bytes->byte[7];
}

/* The identification that either side begins with: "SSH-1." or "SSH-2." (RFC 4253, section 4.2). */
static __always_inline int tg_is_ssh(const union tg_sniff *bytes, __u32 length)
{
	return length >= 6 && tg_be32(bytes, 0) == 0x5353482d && (bytes->byte[4] == '1' || bytes->byte[4] == '2') &&
	       bytes->byte[5] == '.';
}

/* Behind the length of the message: 0xff (version 1), 0xfe (2 and 3) or 0xfd (encrypted) and "SMB". */
static __always_inline int tg_is_smb(const union tg_sniff *bytes, __u32 length)
{
	__u32 word = tg_be32(bytes, 4);

	return length >= 8 && !bytes->byte[0] && (word & 0xffffff) == 0x534d42 && word >> 24 >= 0xfd;
}

/* TPKT around a connection request of X.224 (MS-RDPBCGR 2.2.1.1). */
static __always_inline int tg_is_rdp(const union tg_sniff *bytes, __u32 length)
{
	__u32 head = tg_be32(bytes, 0);

	return length >= 11 && head >> 16 == 0x0300 && (head & 0xffff) >= 11 && bytes->byte[5] == 0xe0 &&
	       bytes->byte[4] == (head & 0xffff) - 5;
}

/* "\x13BitTorrent protocol" */
static __always_inline int tg_is_bittorrent(const union tg_sniff *bytes, __u32 length)
{
	return length >= 20 && tg_be32(bytes, 0) == 0x13426974 && tg_be32(bytes, 4) == 0x546f7272 &&
	       tg_be32(bytes, 8) == 0x656e7420;
}

/* Global, so that the verifier looks at it only once. */
__noinline __u32 tg_client_speaks(const union tg_sniff *bytes, __u32 length)
{
	if (!bytes)
		return TG_SPOKEN_UNKNOWN;
	if (tg_is_postgresql(bytes, length))
		return TG_SPOKEN_POSTGRESQL;
	if (tg_is_redis(bytes, length))
		return TG_SPOKEN_REDIS;
	if (tg_is_memcached(bytes, length))
		return TG_SPOKEN_MEMCACHED;
	if (tg_is_mongodb(bytes, length))
		return TG_SPOKEN_MONGODB;
	if (tg_is_kafka(bytes, length))
		return TG_SPOKEN_KAFKA;
	if (length >= 8 && tg_be32(bytes, 0) == 0x414d5150)
		return TG_SPOKEN_AMQP;
	if (tg_is_mqtt(bytes, length))
		return TG_SPOKEN_MQTT;
	if (tg_is_cassandra(bytes, length))
		return TG_SPOKEN_CASSANDRA;
	if (tg_is_mssql(bytes, length))
		return TG_SPOKEN_MSSQL;
	if (tg_is_ssh(bytes, length))
		return TG_SPOKEN_SSH;
	if (tg_is_smb(bytes, length))
		return TG_SPOKEN_SMB;
	if (tg_is_rdp(bytes, length))
		return TG_SPOKEN_RDP;
	return tg_is_bittorrent(bytes, length) ? TG_SPOKEN_BITTORRENT : TG_SPOKEN_UNKNOWN;
}

/* Servers that speak first: the greeting of MySQL ("10" and a version), "INFO {" of NATS, SSH. */
__noinline __u32 tg_server_speaks(const union tg_sniff *bytes, __u32 length)
{
	if (!bytes || length < 6)
		return TG_SPOKEN_UNKNOWN;
	if (!bytes->byte[1] && !bytes->byte[2] && !bytes->byte[3] && bytes->byte[4] == 10 && tg_is_digit(bytes->byte[5]))
		return TG_SPOKEN_MYSQL;
	if (tg_is_ssh(bytes, length))
		return TG_SPOKEN_SSH;
	return tg_be32(bytes, 0) == 0x494e464f && bytes->byte[4] == ' ' && bytes->byte[5] == '{' ? TG_SPOKEN_NATS :
											  TG_SPOKEN_UNKNOWN;
}

/* Enough bytes to tell that they are nothing known. The header of the PROXY protocol (version 2) stands in front of what is spoken. */
static __always_inline int tg_is_other(const union tg_sniff *bytes, __u32 length)
{
	return length >= 8 && !(bytes->byte[0] == '\r' && bytes->byte[1] == '\n');
}

static __always_inline void tg_note_spoken(struct tg_walk *walk, const union tg_sniff *bytes, __u32 length)
{
	struct tg_socket *sock = walk->sock;
	int from_client = walk->out == (sock->tuple.role == TG_ROLE_CLIENT);
	__u32 spoken;

	if ((sock->spoken && sock->spoken != TG_SPOKEN_OTHER) || walk->half->sniffs >= TG_SPOKEN_LOOKS ||
	    walk->stream->late)
		return;
	spoken = from_client ? tg_client_speaks(bytes, length) : tg_server_speaks(bytes, length);
	if (spoken)
		sock->spoken = spoken;
	else if (from_client && !walk->half->sniffs && tg_is_other(bytes, length))
		sock->spoken = TG_SPOKEN_OTHER;
}

#endif
