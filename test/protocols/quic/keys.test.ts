import { describe, expect, test } from 'vitest';
import { quicCrypto } from '../../../src/pipeline/quic-crypto.ts';
import type { QuicVersion } from '../../../src/protocols/quic/initial.ts';
import { clientKeys } from '../../../src/protocols/quic/keys.ts';
import { initialKeys } from '../../support/quic-initial.ts';
import { DCID } from './read-flight.ts';

interface Keys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly hp: Uint8Array;
}

const hex = ({ key, iv, hp }: Keys) => [key, iv, hp].map((bytes) => Buffer.from(bytes).toString('hex'));

// RFC 9001 A.1, RFC 9369 A.1.
describe.each<[QuicVersion, string, string[]]>([
  [
    '1',
    'c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea',
    ['1f369613dd76d5467730efcbe3b1a22d', 'fa044b2f42a3fd3b46fb255c', '9f50449e04a0e810283a1e9933adedd2'],
  ],
  [
    '2',
    '14ec9d6eb9fd7af83bf5a668bc17a7e283766aade7ecd0891f70f9ff7f4bf47b',
    ['8b1a0bc121284290a29e0971b5cd045d', '91f73e2351d8fa91660e909f', '45b95e15235d6f45a6b19cbcb0294ba9'],
  ],
])('version %s', (version, secret, keys) => {
  test('the published keys of a client', () => {
    expect(hex(clientKeys(quicCrypto, version, DCID))).toEqual(keys);
  });

  test('those of the packets that tests make', () => {
    const made = initialKeys(DCID, version, 'client');
    expect(Buffer.from(made.secret).toString('hex')).toBe(secret);
    expect(hex(made)).toEqual(keys);
  });

  test('ids of every length', () => {
    for (let length = 0; length <= 20; length++) {
      const id = new Uint8Array(length).fill(length);
      expect(hex(clientKeys(quicCrypto, version, id))).toEqual(hex(initialKeys(id, version, 'client')));
    }
  });
});
