const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const MAX_RECORD_BYTES = 16_384;
/** Handshake header, version, random, and the least of everything else. */
const MIN_HELLO_BYTES = 42;
const HEAD_BYTES = 11;

/** Whether a stream begins with a ClientHello (SSL 3.0 and later). Wants eleven bytes; says no to fewer. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  if (bytes.length < HEAD_BYTES) return false;
  const [type, major, minor = 0, high = 0, low = 0, message, helloHigh = 0, helloMid = 0, helloLow = 0] =
    bytes;
  const recordBytes = high * 256 + low;
  const helloBytes = (helloHigh * 256 + helloMid) * 256 + helloLow;
  return (
    type === HANDSHAKE &&
    major === 3 &&
    minor <= 4 &&
    recordBytes > 0 &&
    recordBytes <= MAX_RECORD_BYTES &&
    message === CLIENT_HELLO &&
    helloBytes + 4 >= MIN_HELLO_BYTES &&
    helloHigh === 0 &&
    bytes[9] === 3 &&
    (bytes[10] ?? 0) <= 4
  );
}
