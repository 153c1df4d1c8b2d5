import type { LongPacket } from './initial.ts';
import type { InitialKeys, QuicCrypto } from './keys.ts';

/** Where the sample begins behind the beginning of the packet number, however long that is (RFC 9001 5.4.2). */
const SAMPLE_AT = 4;
const SAMPLE_BYTES = 16;
const RESERVED_BITS = 0x0c;
const NO_FRAMES = new Uint8Array(0);

/**
 * The frames of an Initial packet, in bytes that are the caller's to keep or not; undefined when these keys are not its
 * own. Empty, which no packet may be, when its reserved bits are set (RFC 9000 17.2).
 */
export function openPacket(
  crypto: QuicCrypto,
  keys: InitialKeys,
  bytes: Uint8Array,
  packet: LongPacket,
): Uint8Array | undefined {
  const { at, numberAt, end } = packet;
  const sampleAt = numberAt + SAMPLE_AT;
  if (sampleAt + SAMPLE_BYTES > end) return undefined;
  const mask = crypto.aes128Block(keys.hp, bytes.subarray(sampleAt, sampleAt + SAMPLE_BYTES));
  const first = (bytes[at] ?? 0) ^ ((mask[0] ?? 0) & 0x0f);
  const numberBytes = (first & 3) + 1;
  const sealedAt = numberAt + numberBytes;
  // Copies by constructor: `slice` of a Buffer would be the caller's own bytes.
  const header = new Uint8Array(bytes.subarray(at, sealedAt));
  const nonce = new Uint8Array(keys.iv);
  header[0] = first;
  // In a first flight the number is the one that was sent: those before it are too few for more digits (RFC 9000 A.3).
  for (let i = 0; i < numberBytes; i++) {
    const digit = (bytes[numberAt + i] ?? 0) ^ (mask[i + 1] ?? 0);
    header[numberAt - at + i] = digit;
    const place = nonce.length - numberBytes + i;
    nonce[place] = (nonce[place] ?? 0) ^ digit;
  }
  const frames = crypto.aes128GcmOpen(keys.key, nonce, header, bytes.subarray(sealedAt, end));
  return frames !== undefined && (first & RESERVED_BITS) !== 0 ? NO_FRAMES : frames;
}
