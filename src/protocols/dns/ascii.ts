const fromCode = String.fromCharCode;

/** The bytes from `from` up to `to` as characters of the same code. Eight at a time: the quickest way without Node. */
export function asciiText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  let i = from;
  for (; i + 8 <= to; i += 8) text += eight(bytes, i);
  for (; i < to; i++) text += fromCode(bytes[i] ?? 0);
  return text;
}

function eight(b: Uint8Array, i: number): string {
  return fromCode(
    b[i] ?? 0,
    b[i + 1] ?? 0,
    b[i + 2] ?? 0,
    b[i + 3] ?? 0,
    b[i + 4] ?? 0,
    b[i + 5] ?? 0,
    b[i + 6] ?? 0,
    b[i + 7] ?? 0,
  );
}

const BACKSLASH = 92;
const SHOWN = 0;
const BEHIND_BACKSLASH = 1;
const AS_NUMBER = 2;

/** How each byte is shown, by the special characters: callers have a handful of them. */
const known = new Map<string, Uint8Array>();

function waysToShow(special: string): Uint8Array {
  const ways = new Uint8Array(256).fill(AS_NUMBER);
  const quoted = special.includes('"');
  for (let byte = quoted ? 0x20 : 0x21; byte < 0x7f; byte++) {
    const isSpecial = byte === BACKSLASH || special.includes(fromCode(byte));
    ways[byte] = isSpecial ? BEHIND_BACKSLASH : SHOWN;
  }
  known.set(special, ways);
  return ways;
}

/**
 * The bytes as text in which everything but visible ASCII is `\DDD`, and the characters of `special` and the backslash
 * stand behind a backslash (RFC 1035 section 5.1). A space counts as visible when `special` holds a quote.
 */
export function escapedText(bytes: Uint8Array, range: { from: number; to: number }, special: string): string {
  const ways = known.get(special) ?? waysToShow(special);
  let text = '';
  let plainFrom = range.from;
  for (let i = range.from; i < range.to; i++) {
    const byte = bytes[i] ?? 0;
    const way = ways[byte];
    if (way === SHOWN) continue;
    text += asciiText(bytes, plainFrom, i);
    text += way === BEHIND_BACKSLASH ? `\\${fromCode(byte)}` : decimalEscape(byte);
    plainFrom = i + 1;
  }
  return text + asciiText(bytes, plainFrom, range.to);
}

function decimalEscape(byte: number): string {
  return `\\${byte.toString().padStart(3, '0')}`;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Two hex digits a byte. */
export function hexText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += HEX[bytes[i] ?? 0];
  return text;
}
