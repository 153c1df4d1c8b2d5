const BLOCK_BYTES = 64;
/** Where the 64-bit message length begins in the last block. */
const LENGTH_AT = 56;
/** One for all messages: each is done before the next begins. */
const schedule = new Int32Array(80);
const state = new Int32Array(5);
const last = new Uint8Array(2 * BLOCK_BYTES);

/** SHA-1 (RFC 3174) of `message`, 20 bytes. For identifiers such as Community ID only: it is broken as a seal. */
export function sha1(message: Uint8Array): Uint8Array {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
  const whole = message.length - (message.length % BLOCK_BYTES);
  for (let at = 0; at < whole; at += BLOCK_BYTES) addBlock(message, at);
  const size = pad(message, whole);
  for (let at = 0; at < size; at += BLOCK_BYTES) addBlock(last, at);
  const digest = new Uint8Array(20);
  for (let i = 0; i < 20; i++) digest[i] = (state[i >> 2] as number) >>> (24 - 8 * (i & 3));
  return digest;
}

/** Puts the bytes from `start` on into `last`, with padding and length behind; gives the size of that, one block or two. */
function pad(message: Uint8Array, start: number): number {
  const rest = message.length - start;
  const size = rest < LENGTH_AT ? BLOCK_BYTES : 2 * BLOCK_BYTES;
  last.fill(0);
  for (let i = 0; i < rest; i++) last[i] = message[start + i] as number;
  last[rest] = 0x80;
  putWord(size - 8, Math.floor(message.length / 0x20000000));
  putWord(size - 4, message.length << 3);
  return size;
}

function putWord(at: number, value: number): void {
  for (let i = 0; i < 4; i++) last[at + i] = value >>> (24 - 8 * i);
}

function fillSchedule(bytes: Uint8Array, start: number): void {
  for (let t = 0, at = start; t < 16; t++, at += 4) {
    const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
    schedule[t] = high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  }
  for (let t = 16; t < 80; t++) {
    const mixed = word(t - 3) ^ word(t - 8) ^ word(t - 14) ^ word(t - 16);
    schedule[t] = (mixed << 1) | (mixed >>> 31);
  }
}

function addBlock(bytes: Uint8Array, start: number): void {
  fillSchedule(bytes, start);
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  for (let t = 0; t < 80; t++) {
    const next = (((a << 5) | (a >>> 27)) + mixture(t, b, c, d) + e + word(t)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  add(0, a);
  add(1, b);
  add(2, c);
  add(3, d);
  add(4, e);
}

/** f(t) and K(t) of RFC 3174 section 5, added. */
function mixture(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function word(t: number): number {
  return schedule[t] as number;
}

function add(index: number, value: number): void {
  state[index] = (state[index] as number) + value;
}
