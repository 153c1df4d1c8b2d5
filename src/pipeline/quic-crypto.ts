import { createCipheriv, createDecipheriv, createSecretKey, hash } from 'node:crypto';
import type { QuicCrypto } from '../protocols/quic/hello-reader.ts';

const TAG_BYTES = 16;
const HASH_BLOCK_BYTES = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

const sha256 = (data: Uint8Array): Uint8Array => hash('sha256', data, 'buffer');

/** RFC 2104 over hashes in one call: a hello takes six, and each object of `createHmac` costs six times as much. */
function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  const short = key.length > HASH_BLOCK_BYTES ? sha256(key) : key;
  return sha256(padded(short, OUTER_PAD, sha256(padded(short, INNER_PAD, data))));
}

function padded(key: Uint8Array, pad: number, data: Uint8Array): Uint8Array {
  const all = new Uint8Array(HASH_BLOCK_BYTES + data.length).fill(pad, 0, HASH_BLOCK_BYTES);
  for (let i = 0; i < key.length; i++) all[i] = (key[i] ?? 0) ^ pad;
  all.set(data, HASH_BLOCK_BYTES);
  return all;
}

/** The primitives of QUIC's Initial packets, as Node has them: given keys as bytes, its ciphers take twice as long. */
export const quicCrypto: QuicCrypto = {
  hmacSha256,
  aes128Block(key, block) {
    const cipher = createCipheriv('aes-128-ecb', createSecretKey(key), null);
    cipher.setAutoPadding(false);
    return cipher.update(block);
  },
  aes128GcmOpen(key, nonce, header, sealed) {
    const tagAt = sealed.length - TAG_BYTES;
    if (tagAt < 0) return undefined;
    const decipher = createDecipheriv('aes-128-gcm', createSecretKey(key), nonce);
    decipher.setAAD(header);
    decipher.setAuthTag(sealed.subarray(tagAt));
    // Before the end nothing of it may be believed.
    const opened = decipher.update(sealed.subarray(0, tagAt));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return opened;
  },
};
