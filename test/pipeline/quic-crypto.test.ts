import { describe, expect, test } from 'vitest';
import { quicCrypto } from '../../src/pipeline/quic-crypto.ts';

const bytes = (digits: string) => Uint8Array.from(Buffer.from(digits, 'hex'));
const hex = (value: Uint8Array | undefined) => value && Buffer.from(value).toString('hex');

// RFC 4231 4.2, 4.3 and 4.7 (a key longer than a block).
test.each([
  ['0b'.repeat(20), '4869205468657265', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    '4a656665',
    '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'aa'.repeat(131),
    '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('HMAC-SHA-256 with %s', (key, data, expected) => {
  expect(hex(quicCrypto.hmacSha256(bytes(key), bytes(data)))).toBe(expected);
});

// FIPS 197 C.1, and the first block of SP 800-38A F.1.1.
test.each([
  [
    '000102030405060708090a0b0c0d0e0f',
    '00112233445566778899aabbccddeeff',
    '69c4e0d86a7b0430d8cdb78070b4c55a',
  ],
  [
    '2b7e151628aed2a6abf7158809cf4f3c',
    '6bc1bee22e409f96e93d7e117393172a',
    '3ad77bb40d7a3660a89ecaf32466ef97',
  ],
])('a block of AES-128 with %s', (key, block, expected) => {
  expect(hex(quicCrypto.aes128Block(bytes(key), bytes(block)))).toBe(expected);
});

describe('AES-128-GCM', () => {
  // Test case 4 of the GCM specification.
  const key = bytes('feffe9928665731c6d6a8f9467308308');
  const nonce = bytes('cafebabefacedbaddecaf888');
  const header = bytes('feedfacedeadbeeffeedfacedeadbeefabaddad2');
  const sealed = bytes(
    '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
      '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091' +
      '5bc94fbc3221a5db94fae95ae7121a47',
  );

  test('opens what is authentic', () => {
    expect(hex(quicCrypto.aes128GcmOpen(key, nonce, header, sealed))).toBe(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
        '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    );
  });

  test('nothing else, and does not throw', () => {
    const flip = (value: Uint8Array, at: number) => value.map((byte, i) => (i === at ? byte ^ 1 : byte));
    for (let at = 0; at < sealed.length; at++)
      expect(quicCrypto.aes128GcmOpen(key, nonce, header, flip(sealed, at))).toBeUndefined();
    expect(quicCrypto.aes128GcmOpen(key, nonce, flip(header, 3), sealed)).toBeUndefined();
    expect(quicCrypto.aes128GcmOpen(key, flip(nonce, 3), header, sealed)).toBeUndefined();
    expect(quicCrypto.aes128GcmOpen(flip(key, 3), nonce, header, sealed)).toBeUndefined();
    for (let length = 0; length < sealed.length; length++)
      expect(quicCrypto.aes128GcmOpen(key, nonce, header, sealed.subarray(0, length))).toBeUndefined();
  });

  test('an empty text', () => {
    // Test case 1.
    const zeros = new Uint8Array(16);
    const tag = bytes('58e2fccefa7e3061367f1d57a4e7455a');
    const opened = quicCrypto.aes128GcmOpen(zeros, new Uint8Array(12), new Uint8Array(0), tag);
    expect(opened).toHaveLength(0);
  });
});
