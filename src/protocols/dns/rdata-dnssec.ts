import { hexText } from './ascii.ts';
import { readName } from './name.ts';
import { recordTypeName } from './record-types.ts';
import { u16, u32, type Wire } from './wire.ts';

/** Longest digest that is shown; the longest in use (SHA-384) has 48 bytes. */
const MAX_DIGEST_BYTES = 64;

/** Key tag, algorithm, digest type, digest. */
export function dsText(wire: Wire, end: number): string | undefined {
  const { bytes, at } = wire;
  if (end - at < 5) return undefined;
  const shownEnd = Math.min(end, at + 4 + MAX_DIGEST_BYTES);
  const digest = hexText(bytes, at + 4, shownEnd) + (shownEnd < end ? '...' : '');
  wire.at = end;
  return `${u16(bytes, at)} ${bytes[at + 2]} ${bytes[at + 3]} ${digest}`;
}

/** Flags, protocol, algorithm and the length of the key, for the key itself says nothing to a reader. */
export function dnskeyText(wire: Wire, end: number): string | undefined {
  const { bytes, at } = wire;
  if (end - at < 4) return undefined;
  wire.at = end;
  return `${u16(bytes, at)} ${bytes[at + 2]} ${bytes[at + 3]} (${end - at - 4} bytes)`;
}

/** The usual form up to the signer, then the length of the signature. */
export function rrsigText(wire: Wire, end: number): string | undefined {
  const { bytes, at } = wire;
  if (end - at < 20) return undefined;
  const covered = recordTypeName(u16(bytes, at));
  const numbers = `${bytes[at + 2]} ${bytes[at + 3]} ${u32(bytes, at + 4)}`;
  const dates = `${dateText(u32(bytes, at + 8))} ${dateText(u32(bytes, at + 12))}`;
  wire.at = at + 18;
  const signer = readName(wire);
  if (wire.fault !== undefined || wire.at >= end) return undefined;
  const signatureBytes = end - wire.at;
  wire.at = end;
  return `${covered} ${numbers} ${dates} ${u16(bytes, at + 16)} ${signer} (${signatureBytes} bytes)`;
}

/** RFC 4034 section 3.2: YYYYMMDDHHmmSS. Taken as seconds since 1970, which holds until 2106. */
function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\D/g, '').slice(0, 14);
}

/** The next name and the types that exist. */
export function nsecText(wire: Wire, end: number): string | undefined {
  const next = readName(wire);
  if (wire.fault !== undefined || wire.at > end) return undefined;
  const types = typesOf(wire, end);
  return types && [next, ...types].join(' ');
}

/** RFC 4034 section 4.1.2: blocks of at most 32 octets, one bit a type. */
function typesOf(wire: Wire, end: number): string[] | undefined {
  const { bytes } = wire;
  const types: string[] = [];
  let lastBlock = -1;
  while (wire.at < end) {
    const block = bytes[wire.at] ?? 0;
    const from = wire.at + 2;
    const to = from + (bytes[wire.at + 1] ?? 0);
    if (block <= lastBlock || to === from || to > from + 32 || to > end) return undefined;
    for (let bit = 0; bit < 8 * (to - from); bit++) {
      if ((bytes[from + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7)))
        types.push(recordTypeName(block * 256 + bit));
    }
    lastBlock = block;
    wire.at = to;
  }
  return types;
}
