import { u16, u32 } from './wire.ts';

const OCTETS = Array.from({ length: 256 }, (_, value) => String(value));
const GROUPS = 8;

/** Addresses recur: the last ones are kept, each in its place by hash. A power of two. */
const KEPT = 4096;
const keptWords = new Uint32Array(KEPT);
const keptTexts: string[] = Array.from({ length: KEPT }, () => '0.0.0.0');

/** Dotted quad of the four bytes at `at`. */
export function ipv4Text(bytes: Uint8Array, at: number): string {
  const word = u32(bytes, at);
  const slot = Math.imul(word, 0x9e3779b1) >>> 20;
  if (keptWords[slot] === word) return keptTexts[slot] ?? '';
  const high = `${OCTETS[word >>> 24]}.${OCTETS[(word >>> 16) & 255]}`;
  const text = `${high}.${OCTETS[(word >>> 8) & 255]}.${OCTETS[word & 255]}`;
  keptWords[slot] = word;
  keptTexts[slot] = text;
  return text;
}

/** RFC 5952 text of the sixteen bytes at `at`; IPv4-mapped ones as `::ffff:192.0.2.1`, for that is what was answered. */
export function ipv6Text(bytes: Uint8Array, at: number): string {
  let gapStart = GROUPS;
  let gapLength = 1;
  let run = 0;
  for (let i = 0; i < GROUPS; i++) {
    run = u16(bytes, at + 2 * i) === 0 ? run + 1 : 0;
    if (run <= gapLength) continue;
    gapLength = run;
    gapStart = i - run + 1;
  }
  if (gapStart === 0 && gapLength === 5 && u16(bytes, at + 10) === 0xffff) {
    return `::ffff:${ipv4Text(bytes, at + 12)}`;
  }
  return groupsText(bytes, at, { gapStart, gapEnd: gapStart + gapLength });
}

function groupsText(bytes: Uint8Array, at: number, gap: { gapStart: number; gapEnd: number }): string {
  let text = '';
  for (let i = 0; i < GROUPS; i++) {
    if (i === gap.gapStart) {
      text += '::';
      i = gap.gapEnd - 1;
    } else {
      if (i > 0 && i !== gap.gapEnd) text += ':';
      text += u16(bytes, at + 2 * i).toString(16);
    }
  }
  return text;
}
