/** Initial packets of QUIC as endpoints send them, written from RFC 9000, 9001 and 9369 without any of the code under test. */
import { createCipheriv, createHmac } from 'node:crypto';
import { type Bytes, concat, fields } from './packets.ts';

export type QuicVersion = '1' | '2';

const VERSIONS = {
  1: { number: 1, salt: '38762cf7f55934b34d179ae6a4c80cadccbb7f0a', label: 'quic', turn: 0 },
  2: { number: 0x6b3343cf, salt: '0dede3def700a6db819381be6e269dcbf9bd2ed9', label: 'quicv2', turn: 1 },
} as const;
const PACKET_TYPES = { initial: 0, zeroRtt: 1, handshake: 2, retry: 3 } as const;
const TAG_BYTES = 16;
const NOTHING = new Uint8Array(0);

/** What is equal in all packets of a flight. */
export interface FlightFields {
  readonly dcid: Bytes;
  readonly scid?: Bytes;
  readonly version?: QuicVersion;
  readonly token?: Bytes;
}

export interface PacketFields extends FlightFields {
  readonly frames: Bytes;
  readonly number?: number;
  readonly numberBytes?: 1 | 2 | 3 | 4;
  /** Padded to so many bytes, all together. */
  readonly size?: number;
  /** Whose keys protect it; `none`: neither header nor frames are, for readers whose AES does nothing. */
  readonly keys?: 'client' | 'server' | 'none';
  /** Of the first byte. */
  readonly reservedBits?: number;
}

const hmac = (key: Bytes, data: Bytes): Bytes =>
  new Uint8Array(createHmac('sha256', key).update(data).digest());
const fromHex = (digits: string): Bytes => new Uint8Array(Buffer.from(digits, 'hex'));

/** HKDF-Expand-Label (RFC 8446 7.1), for at most 32 bytes. */
function expand(secret: Bytes, label: string, length: number): Bytes {
  const full = Buffer.from(`tls13 ${label}`);
  const info = concat(fields([16, length], [8, full.length]), full, fields([8, 0], [8, 1]));
  return hmac(secret, info).subarray(0, length);
}

/** Secret and keys of one side, from the id that the client chose. */
export function initialKeys(dcid: Bytes, version: QuicVersion, side: 'client' | 'server') {
  const { salt, label } = VERSIONS[version];
  const secret = expand(hmac(fromHex(salt), dcid), `${side} in`, 32);
  return {
    secret,
    key: expand(secret, `${label} key`, 16),
    iv: expand(secret, `${label} iv`, 12),
    hp: expand(secret, `${label} hp`, 16),
  };
}

/** In as few bytes as it takes, or in so many. */
export function varint(value: number, bytes?: 1 | 2 | 4 | 8): Bytes {
  if (bytes === 8 || value >= 2 ** 30) {
    return fields([32, (0xc0000000 | Math.floor(value / 2 ** 32)) >>> 0], [32, value % 2 ** 32]);
  }
  if (bytes === 4 || value >= 2 ** 14) return fields([32, (0x80000000 | value) >>> 0]);
  return bytes === 2 || value >= 64 ? fields([16, 0x4000 | value]) : fields([8, value]);
}

export const cryptoFrame = (offset: number, data: Bytes): Bytes =>
  concat(fields([8, 6]), varint(offset), varint(data.length), data);

/** Everything in front of the packet number but the length. */
function longHeader(type: keyof typeof PACKET_TYPES, flight: FlightFields, lowBits: number): Bytes {
  const { dcid, scid = NOTHING, version = '1', token = NOTHING } = flight;
  const { number, turn } = VERSIONS[version];
  const first = 0xc0 | (((PACKET_TYPES[type] + turn) & 3) << 4) | lowBits;
  const ids = concat(
    fields([8, first], [32, number], [8, dcid.length]),
    dcid,
    fields([8, scid.length]),
    scid,
  );
  return type === 'initial' ? concat(ids, varint(token.length), token) : ids;
}

/** A packet of another type, with anything as its protected part; a Retry has no length. */
export function otherPacket(
  type: 'zeroRtt' | 'handshake' | 'retry',
  flight: FlightFields,
  body: Bytes,
): Bytes {
  const length = type === 'retry' ? NOTHING : varint(body.length, 2);
  return concat(longHeader(type, flight, 0), length, body);
}

/** An Initial packet with these frames, protected. */
export function initialPacket(packet: PacketFields): Bytes {
  const { dcid, version = '1', number = 0, numberBytes = 1, size = 0, reservedBits = 0 } = packet;
  const start = longHeader('initial', packet, (reservedBits << 2) | (numberBytes - 1));
  const around = start.length + 2 + numberBytes + TAG_BYTES;
  const padding = Math.max(0, size - around - packet.frames.length, 4 - numberBytes - packet.frames.length);
  const frames = concat(packet.frames, new Uint8Array(padding));
  const length = varint(numberBytes + frames.length + TAG_BYTES, 2);
  const digits = fields([32, number]).subarray(4 - numberBytes);
  const header = concat(start, length, digits);
  if (packet.keys === 'none') return concat(header, frames, new Uint8Array(TAG_BYTES));
  const { key, iv, hp } = initialKeys(dcid, version, packet.keys ?? 'client');
  const nonce = iv.map((byte, i) => byte ^ (digits[i - (12 - numberBytes)] ?? 0));
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(header);
  const sealed = concat(cipher.update(frames), cipher.final(), cipher.getAuthTag());
  const sample = sealed.subarray(4 - numberBytes, 20 - numberBytes);
  const mask = createCipheriv('aes-128-ecb', hp, null).update(sample);
  const numberAt = header.length - numberBytes;
  const masked = header.map((byte, i) => byte ^ (i < numberAt ? 0 : (mask[1 + i - numberAt] ?? 0)));
  masked[0] = (header[0] ?? 0) ^ ((mask[0] ?? 0) & 0x0f);
  return concat(masked, sealed);
}

export interface FirstFlight extends FlightFields {
  /** The handshake message, with its header. */
  readonly hello: Bytes;
  /** Of the first packet. */
  readonly number?: number;
  readonly numberBytes?: 1 | 2 | 3 | 4;
  /** Of each datagram; 1,200 unless told. */
  readonly size?: number;
  readonly keys?: 'client' | 'server' | 'none';
}

/** The first flight of a client: the hello over as many datagrams as it takes, each of one padded Initial packet. */
export function quicInitial(flight: FirstFlight): Bytes[] {
  const { hello, number = 0, size = 1200 } = flight;
  const packet = { ...flight, size };
  const room = 2 * size - initialPacket({ ...packet, frames: new Uint8Array(size) }).length - 9;
  const datagrams: Bytes[] = [];
  for (let at = 0; at === 0 || at < hello.length; at += room) {
    const frames = cryptoFrame(at, hello.subarray(at, at + room));
    datagrams.push(initialPacket({ ...packet, frames, number: number + datagrams.length }));
  }
  return datagrams;
}
