import { Octets } from '../tls/octets.ts';
import { readVarint } from './varint.ts';

export type QuicVersion = '1' | '2';

/** What carries an Initial packet of a client is at least this long (RFC 9000 14.1). */
const MIN_DATAGRAM_BYTES = 1200;
/** Long header, fixed bit (RFC 9000 17.2). */
const LONG_FORM = 0xc0;
const TYPE_BITS = 0x30;
/** RFC 9369 3.1. */
const VERSION_2 = 0x6b3343cf;
/** RFC 9369 3.2: the types of version 2 are those of version 1, turned by one. */
const INITIAL_1 = 0x00;
const INITIAL_2 = 0x10;
const TYPE = { initial: 0, retry: 3 } as const;
const MAX_CONNECTION_ID_BYTES = 20;

/**
 * Whether a datagram, `bytes` from `at` to `end`, begins like the first flight of a client: an Initial packet of version
 * 1 or 2 in 1,200 bytes or more (RFC 9000 14.1, 17.2.2).
 */
export function isQuicInitial(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < MIN_DATAGRAM_BYTES) return false;
  const first = bytes[at] ?? 0;
  if ((first & LONG_FORM) !== LONG_FORM) return false;
  const type = first & TYPE_BITS;
  if (type !== INITIAL_1 && type !== INITIAL_2) return false;
  return versionAt(bytes, at + 1) === (type === INITIAL_1 ? '1' : '2');
}

function versionAt(bytes: Uint8Array, at: number): QuicVersion | undefined {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  const low = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  if (high === 0 && low === 1) return '1';
  return high === VERSION_2 >>> 16 && low === (VERSION_2 & 0xffff) ? '2' : undefined;
}

/** One packet of a datagram; places are offsets in the bytes of the datagram. */
export interface LongPacket {
  readonly version: QuicVersion;
  readonly isInitial: boolean;
  readonly at: number;
  /** The client's destination connection id. */
  readonly idAt: number;
  readonly idEnd: number;
  /** The packet number, which is protected as is all that follows. */
  readonly numberAt: number;
  readonly end: number;
}

/** The packet with a long header and a length at `at` (RFC 9000 17.2.2 to 17.2.4); undefined for anything else. */
export function readLongPacket(bytes: Uint8Array, at: number): LongPacket | undefined {
  const octets = new Octets(bytes, at, bytes.length);
  const first = octets.number(1);
  octets.skip(4);
  const version = octets.overrun ? undefined : versionAt(bytes, at + 1);
  if ((first & LONG_FORM) !== LONG_FORM || version === undefined) return undefined;
  const type = (((first & TYPE_BITS) >> 4) + (version === '1' ? 0 : 3)) & 3;
  const id = octets.vector(1);
  const source = octets.vector(1);
  if (type === TYPE.retry || id.left > MAX_CONNECTION_ID_BYTES || source.left > MAX_CONNECTION_ID_BYTES) {
    return undefined;
  }
  if (type === TYPE.initial) octets.skip(readVarint(octets));
  const length = readVarint(octets);
  const numberAt = octets.at;
  octets.skip(length);
  if (octets.overrun) return undefined;
  const isInitial = type === TYPE.initial;
  return { version, isInitial, at, idAt: id.at, idEnd: id.end, numberAt, end: octets.at };
}
