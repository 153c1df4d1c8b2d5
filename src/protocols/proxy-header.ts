const CR = 13;
const LF = 10;
const SPACE = 32;
const LAST_PRINTABLE = 126;
const codesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Version 1 is a line of text, of at most so many bytes. */
const MAX_LINE_BYTES = 107;
const LINES = ['PROXY TCP4 ', 'PROXY TCP6 ', 'PROXY UNKNOWN'].map(codesOf);
/** Version 2 begins with it; then come version and command, family, and two bytes of length. */
const SIGNATURE = codesOf('\r\n\r\n\0\r\nQUIT\n');
const FIXED_BYTES = 16;

/**
 * Size of the PROXY protocol's header (HAProxy's proxy-protocol.txt) in front of what a client says; 0: there is none.
 * Undefined while there are too few bytes to tell. One of version 2 may go on behind these bytes.
 */
export function proxyHeaderSize(bytes: Uint8Array): number | undefined {
  return bytes[0] === CR ? binarySize(bytes) : lineSize(bytes);
}

function lineSize(bytes: Uint8Array): number | undefined {
  if (!LINES.some((line) => isBeginning(bytes, line))) return 0;
  const end = Math.min(bytes.length, MAX_LINE_BYTES);
  for (let at = 0; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === LF) return bytes[at - 1] === CR ? at + 1 : 0;
    if ((byte < SPACE && byte !== CR) || byte > LAST_PRINTABLE) return 0;
  }
  return end < MAX_LINE_BYTES ? undefined : 0;
}

function binarySize(bytes: Uint8Array): number | undefined {
  if (!isBeginning(bytes, SIGNATURE)) return 0;
  if (bytes.length < FIXED_BYTES) return undefined;
  const [version = 0] = bytes.subarray(SIGNATURE.length);
  const isKnown = version === 0x20 || version === 0x21;
  return isKnown ? FIXED_BYTES + (bytes[14] ?? 0) * 256 + (bytes[15] ?? 0) : 0;
}

/** As far as there are bytes. */
function isBeginning(bytes: Uint8Array, of: Uint8Array): boolean {
  const size = Math.min(bytes.length, of.length);
  for (let at = 0; at < size; at++) if (bytes[at] !== of[at]) return false;
  return true;
}
