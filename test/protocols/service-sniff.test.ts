import { expect, test } from 'vitest';
import type { Side } from '../../src/model/conversation.ts';
import { sniffService } from '../../src/protocols/service-sniff.ts';
import { FIRST_BYTES } from '../support/first-bytes.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test.each(FIRST_BYTES)('$name', ({ side, hex, protocol }) => {
  expect(sniffService(side, bytes(hex))).toBe(protocol);
});

test.each(FIRST_BYTES.filter(({ protocol }) => protocol !== undefined))(
  '$name: the other side would mean something else, and less of it tells nothing wrong',
  ({ side, hex, protocol }) => {
    const other: Side = side === 'client' ? 'server' : 'client';
    // Both sides of SSH begin alike.
    expect(sniffService(other, bytes(hex))).toBe(protocol === 'ssh' ? protocol : undefined);
    for (let length = 0; length < bytes(hex).length; length++)
      expect([protocol, undefined]).toContain(sniffService(side, bytes(hex).subarray(0, length)));
  },
);
