const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;
const MAX_RECORD_BYTES = 16_384;
/** Handshake header, version, random, and the least of everything else. */
const MIN_HELLO_BYTES = 42;
/** Of the message: its type, length and version. */
const TELLING_BYTES = 6;

/** Whether a stream begins with a ClientHello (SSL 3.0 and later). Wants eleven bytes, more in small records; says no to fewer. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  return beginsWithHello(bytes) === true;
}

/**
 * The same; undefined while there are too few bytes to tell. A record may hold a single byte of the message (RFC 8446, 5.1),
 * and some servers take empty ones.
 */
export function beginsWithHello(bytes: Uint8Array): boolean | undefined {
  let told = 0;
  let before = 0;
  for (let at = 0; at + RECORD_HEADER_BYTES <= bytes.length; ) {
    const recordBytes = recordSize(bytes, at);
    if (recordBytes === undefined) return false;
    at += RECORD_HEADER_BYTES;
    for (const end = at + recordBytes; at < end; at++) {
      const byte = bytes[at];
      if (byte === undefined) return undefined;
      if (!fitsHello(told, byte, before)) return false;
      if (++told === TELLING_BYTES) return true;
      before = byte;
    }
  }
  return undefined;
}

/** Bytes of the handshake record whose header stands at `at`. */
function recordSize(bytes: Uint8Array, at: number): number | undefined {
  const size = (bytes[at + 3] ?? 0) * 256 + (bytes[at + 4] ?? 0);
  const isHandshake = bytes[at] === HANDSHAKE && bytes[at + 1] === 3 && (bytes[at + 2] ?? 0) <= 4;
  return isHandshake && size <= MAX_RECORD_BYTES ? size : undefined;
}

/** Whether a hello can have this byte at a place; `before` is the one in front of it. */
function fitsHello(place: number, byte: number, before: number): boolean {
  if (place === 0) return byte === CLIENT_HELLO;
  if (place === 1) return byte === 0;
  if (place === 3) return before * 256 + byte + 4 >= MIN_HELLO_BYTES;
  if (place === 4) return byte === 3;
  return place === 2 || byte <= 4;
}
