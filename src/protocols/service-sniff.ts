import type { Side } from '../model/conversation.ts';
import type { ServiceProtocol } from '../model/service-protocol.ts';

const be32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)) >>>
  0;
const le32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at + 3] ?? 0) << 24) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 1] ?? 0) << 8) |
    (bytes[at] ?? 0)) >>>
  0;
const be16 = (bytes: Uint8Array, at: number): number => be32(bytes, at) >>> 16;
const isDigit = (byte = 0): boolean => byte >= 48 && byte <= 57;
const codesOf = (word: string): Uint8Array => Uint8Array.from(word, (letter) => letter.charCodeAt(0));
const word32 = (word: string): number => be32(codesOf(word), 0);

type Fits = (bytes: Uint8Array) => boolean;

/** StartupMessage, or the request for TLS or GSSAPI in front of it. */
const POSTGRESQL: readonly number[] = [0x0003_0000, 0x04d2_162f, 0x04d2_1630];
const isPostgresql: Fits = (bytes) =>
  bytes.length >= 8 && be32(bytes, 0) >= 8 && be32(bytes, 0) <= 10_000 && POSTGRESQL.includes(be32(bytes, 4));

const ASTERISK = 0x2a;
/** CR, LF and `$`. */
const SIZE_OF_STRING = 0x0d0a24;
/** An array of strings. */
const isRedis: Fits = (bytes) => {
  if (bytes[0] !== ASTERISK || !isDigit(bytes[1])) return false;
  return be32(bytes, isDigit(bytes[2]) ? 3 : 2) >>> 8 === SIZE_OF_STRING;
};

const MEMCACHED: readonly number[] = ['get ', 'gets', 'set '].map(word32);
const isMemcached: Fits = (bytes) => bytes.length >= 5 && MEMCACHED.includes(be32(bytes, 0));

/** A request (responseTo 0) with OP_MSG, OP_QUERY or OP_COMPRESSED. */
const MONGODB: readonly number[] = [2013, 2004, 2012];
const isMongodb: Fits = (bytes) =>
  bytes.length >= 16 &&
  le32(bytes, 0) >= 16 &&
  le32(bytes, 0) <= 48_000_000 &&
  be32(bytes, 8) === 0 &&
  MONGODB.includes(le32(bytes, 12));

/** ApiVersions or Metadata, which clients begin with: size, key, version, correlation, length of the client's id. */
const isKafka: Fits = (bytes) => {
  const [size, key, id] = [be32(bytes, 0), be16(bytes, 4), be16(bytes, 12)];
  const isCall = (key === 18 || key === 3) && be16(bytes, 6) < 16;
  return bytes.length >= 14 && size >= 10 && size < 65_536 && isCall && (id < 256 || id === 0xffff);
};

const AMQP = word32('AMQP');
const isAmqp: Fits = (bytes) => bytes.length >= 8 && be32(bytes, 0) === AMQP;

const MQTT = word32('MQTT');
/** Behind the length of the packet (one or two bytes) and of the name. */
const isMqtt: Fits = (bytes) =>
  bytes.length >= 9 && bytes[0] === 0x10 && be32(bytes, (bytes[1] ?? 0) < 0x80 ? 4 : 5) === MQTT;

/** A frame of a request, OPTIONS or STARTUP. */
const isCassandra: Fits = (bytes) => {
  const [version = 0, , , , code] = bytes;
  const size = be32(bytes, 5);
  if (bytes.length < 9 || version < 3 || version > 5) return false;
  return (code === 5 && size === 0) || (code === 1 && size > 0 && size < 4_096);
};

/** PRELOGIN of TDS. */
const isMssql: Fits = (bytes) =>
  bytes.length >= 8 &&
  be16(bytes, 0) === 0x1201 &&
  be16(bytes, 2) >= 8 &&
  be16(bytes, 2) < 4_096 &&
  be16(bytes, 4) === 0 &&
  bytes[7] === 0;

/** Its greeting: protocol 10, and a version. */
const isMysql: Fits = (bytes) =>
  bytes.length >= 6 && (be32(bytes, 0) & 0xff_ffff) === 0 && bytes[4] === 10 && isDigit(bytes[5]);

const SSH = word32('SSH-');
/** The identification that either side begins with (RFC 4253, section 4.2). */
const isSsh: Fits = (bytes) =>
  be32(bytes, 0) === SSH && (bytes[4] === 0x31 || bytes[4] === 0x32) && bytes[5] === 0x2e;

const SMB = word32('\0SMB');
/** Behind the length of the message: 0xff (version 1), 0xfe (2 and 3) or 0xfd (encrypted) and `SMB`. */
const isSmb: Fits = (bytes) =>
  bytes.length >= 8 && bytes[0] === 0 && (bytes[4] ?? 0) >= 0xfd && (be32(bytes, 4) & 0xff_ffff) === SMB;

/** TPKT around a connection request of X.224 (MS-RDPBCGR 2.2.1.1). */
const isRdp: Fits = (bytes) => {
  const size = be16(bytes, 2);
  return (
    bytes.length >= 11 &&
    be16(bytes, 0) === 0x0300 &&
    size >= 11 &&
    bytes[4] === size - 5 &&
    bytes[5] === 0xe0
  );
};

const BITTORRENT = codesOf('\x13BitTorrent ');
const isBittorrent: Fits = (bytes) =>
  bytes.length >= 20 && BITTORRENT.every((code, at) => bytes[at] === code);

const INFO = word32('INFO');
const isNats: Fits = (bytes) => be32(bytes, 0) === INFO && bytes[4] === 32 && bytes[5] === 123;

const BY_SIDE: Readonly<Record<Side, readonly (readonly [ServiceProtocol, Fits])[]>> = {
  client: [
    ['postgresql', isPostgresql],
    ['redis', isRedis],
    ['memcached', isMemcached],
    ['mongodb', isMongodb],
    ['kafka', isKafka],
    ['amqp', isAmqp],
    ['mqtt', isMqtt],
    ['cassandra', isCassandra],
    ['mssql', isMssql],
    ['ssh', isSsh],
    ['smb', isSmb],
    ['rdp', isRdp],
    ['bittorrent', isBittorrent],
  ],
  server: [
    ['mysql', isMysql],
    ['ssh', isSsh],
    ['nats', isNats],
  ],
};

/**
 * Which database, cache, broker or way into a machine one side's first bytes speak to; undefined when they do not tell. The kernel side does the
 * same for live traffic (bpf/include/telegen/spoken.h).
 */
export function sniffService(side: Side, bytes: Uint8Array): ServiceProtocol | undefined {
  for (const [protocol, fits] of BY_SIDE[side]) if (fits(bytes)) return protocol;
  return undefined;
}
