import { describe, expect, test } from 'vitest';
import { formatIp } from '../../src/net/ip.ts';
import { PIECE, piece, RECEIVED, SENT } from './live/pieces.ts';
import { EPOCH_OFFSET_MS, OWNER } from './records.ts';

describe('a payload record', () => {
  test('says what the kernel side wrote', () => {
    const view = piece({
      text: 'hello',
      seq: 0xffff_fff0,
      ordinal: 4_000_000_000,
      passed: 70_000,
      flags: PIECE.ALIGNED | PIECE.LATE,
      direction: SENT,
      socketId: 2 ** 40,
      timeMs: 12.25,
    });
    expect(Buffer.from(view.bytes()).toString()).toBe('hello');
    expect(view).toMatchObject({
      seq: 0xffff_fff0,
      length: 5,
      ordinal: 4_000_000_000,
      passed: 70_000,
      flags: PIECE.ALIGNED | PIECE.LATE,
      direction: SENT,
      socketId: 2 ** 40,
      timeMs: EPOCH_OFFSET_MS + 12.25,
      isUdp: false,
    });
    const facts = view.facts();
    expect(facts).toMatchObject({ transport: 'tcp', role: 'client', attribution: 'socket', owner: OWNER });
    expect([facts.local, facts.remote].map(({ ip, port }) => `${formatIp(ip)}:${port}`)).toEqual([
      '192.0.2.7:51000',
      '198.51.100.5:80',
    ]);
  });

  test.each([
    { fields: { protocol: 17 }, says: { isUdp: true } },
    { fields: { direction: RECEIVED }, says: { direction: 0 } },
    { fields: { role: 2 }, says: { role: 'server' } },
    { fields: { role: 0 }, says: { role: 'unknown' } },
    { fields: { attribution: 2 }, says: { attribution: 'worker' } },
    { fields: { attribution: 99 }, says: { attribution: 'unknown' } },
  ] as const)('$fields', ({ fields, says }) => {
    expect(piece(fields)).toMatchObject(says);
  });
});
