const BLOCK_BYTES = 64;
/** Where the 64-bit message length begins in the last block. */
const LENGTH_AT = 56;
const schedule = new Int32Array(80);

/** SHA-1 (RFC 3174) of `message`, 20 bytes. For identifiers such as Community ID only: it is broken as a seal. */
export function sha1(message: Uint8Array): Uint8Array {
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const padded = pad(message);
  for (let at = 0; at < padded.byteLength; at += BLOCK_BYTES) addBlock(state, padded, at);
  const digest = new DataView(new ArrayBuffer(20));
  for (const [i, word] of state.entries()) digest.setInt32(4 * i, word);
  return new Uint8Array(digest.buffer);
}

function pad(message: Uint8Array): DataView {
  const blocks = Math.ceil((message.length + 1 + 8) / BLOCK_BYTES);
  const bytes = new Uint8Array(blocks * BLOCK_BYTES);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  const lengthAt = (blocks - 1) * BLOCK_BYTES + LENGTH_AT;
  view.setUint32(lengthAt, Math.floor(message.length / 0x20000000));
  view.setUint32(lengthAt + 4, message.length << 3);
  return view;
}

function addBlock(state: Int32Array, block: DataView, at: number): void {
  for (let t = 0; t < 16; t++) schedule[t] = block.getInt32(at + 4 * t);
  for (let t = 16; t < 80; t++)
    schedule[t] = rotate(word(t - 3) ^ word(t - 8) ^ word(t - 14) ^ word(t - 16), 1);
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (const [round, { mix, constant }] of ROUNDS.entries()) {
    for (let t = round * 20; t < round * 20 + 20; t++) {
      const next = (rotate(a, 5) + mix(b, c, d) + e + word(t) + constant) | 0;
      e = d;
      d = c;
      c = rotate(b, 30);
      b = a;
      a = next;
    }
  }
  for (const [i, value] of [a, b, c, d, e].entries()) state[i] = (state[i] ?? 0) + value;
}

const word = (t: number) => schedule[t] ?? 0;
const rotate = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits));

const choose = (b: number, c: number, d: number) => (b & c) | (~b & d);
const majority = (b: number, c: number, d: number) => (b & c) | (b & d) | (c & d);
const parity = (b: number, c: number, d: number) => b ^ c ^ d;

/** f(t) and K(t) of RFC 3174 section 5, for each twenty steps. */
const ROUNDS = [
  { mix: choose, constant: 0x5a827999 },
  { mix: parity, constant: 0x6ed9eba1 },
  { mix: majority, constant: 0x8f1bbcdc },
  { mix: parity, constant: 0xca62c1d6 },
] as const;
