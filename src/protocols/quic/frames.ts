import { Octets } from '../tls/octets.ts';
import { readVarint } from './varint.ts';

/** The frames that an Initial packet may hold (RFC 9000 12.4, 17.2.2). */
const FRAME = { padding: 0, ping: 1, ack: 2, ackWithEcn: 3, crypto: 6, close: 0x1c } as const;
const ECN_COUNTS = 3;

/** Takes handshake bytes; their offset in the stream may be any number. */
export type TakeCrypto = (offset: number, data: Uint8Array) => void;

/** Hands out what CRYPTO frames carry, as parts of `plain`. False when the frames of the packet break the protocol. */
export function readFrames(plain: Uint8Array, take: TakeCrypto): boolean {
  const octets = new Octets(plain, 0, plain.length);
  if (octets.left === 0) return false;
  while (octets.left > 0) {
    if (!readFrame(octets, take)) return false;
  }
  return true;
}

function readFrame(octets: Octets, take: TakeCrypto): boolean {
  // All types that are allowed have one octet, and none may be written with more.
  switch (octets.number(1)) {
    case FRAME.padding:
      skipPadding(octets);
      return true;
    case FRAME.ping:
      return true;
    case FRAME.ack:
      return skipAck(octets, 0);
    case FRAME.ackWithEcn:
      return skipAck(octets, ECN_COUNTS);
    case FRAME.crypto:
      return readCrypto(octets, take);
    case FRAME.close:
      skipVarints(octets, 2);
      octets.skip(readVarint(octets));
      return !octets.overrun;
    default:
      return false;
  }
}

/** There are a thousand octets of it. */
function skipPadding(octets: Octets): void {
  const { bytes, end } = octets;
  let { at } = octets;
  while (at < end && bytes[at] === FRAME.padding) at++;
  octets.at = at;
}

/** RFC 9000 19.3. */
function skipAck(octets: Octets, more: number): boolean {
  skipVarints(octets, 2);
  const ranges = readVarint(octets);
  skipVarints(octets, 1 + 2 * ranges + more);
  return !octets.overrun;
}

function skipVarints(octets: Octets, count: number): void {
  for (let left = count; left > 0 && !octets.overrun; left--) readVarint(octets);
}

/** RFC 9000 19.6. */
function readCrypto(octets: Octets, take: TakeCrypto): boolean {
  const offset = readVarint(octets);
  const length = readVarint(octets);
  const from = octets.at;
  octets.skip(length);
  if (octets.overrun) return false;
  take(offset, octets.bytes.subarray(from, octets.at));
  return true;
}
