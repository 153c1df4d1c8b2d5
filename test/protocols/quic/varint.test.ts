import { expect, test } from 'vitest';
import { readVarint } from '../../../src/protocols/quic/varint.ts';
import { Octets } from '../../../src/protocols/tls/octets.ts';
import { fromHex } from './read-flight.ts';

// RFC 9000 A.1, and the bounds.
test.each([
  ['c2197c5eff14e88c', Number(151_288_809_941_952_652n)],
  ['9d7f3e7d', 494_878_333],
  ['7bbd', 15_293],
  ['25', 37],
  ['4025', 37],
  ['00', 0],
  ['3f', 63],
  ['4040', 64],
  ['80004000', 16_384],
  ['c000000040000000', 2 ** 30],
])('%s is %d', (digits, value) => {
  const bytes = fromHex(digits);
  const octets = new Octets(bytes, 0, bytes.length);
  expect(readVarint(octets)).toBe(value);
  expect(octets).toMatchObject({ left: 0, overrun: false });
  for (let end = 0; end < bytes.length; end++) {
    const cut = new Octets(bytes, 0, end);
    readVarint(cut);
    expect(cut).toMatchObject({ left: 0, overrun: true });
  }
});
