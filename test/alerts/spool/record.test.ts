import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeRecords,
  encodePayload,
  encodeRecords,
  type SpooledAlert,
  type StoredAlert,
} from '../../../src/alerts/spool/record.ts';
import { alert } from '../fixtures.ts';

function encode(uids: readonly string[]): Buffer {
  const alerts = uids.map((uid, i): SpooledAlert => ({ seq: 100 + i, takenMs: 5, alert: alert(uid) }));
  const payloads = alerts.map((item) => encodePayload(item.alert));
  return encodeRecords(alerts, payloads, 7);
}

function decode(bytes: Buffer): { uids: string[]; records: StoredAlert[]; end: number } {
  const records: StoredAlert[] = [];
  const end = decodeRecords(bytes, (record) => void records.push(record));
  return { uids: records.map((record) => record.alert.uid), records, end };
}

describe('records', () => {
  it('come back as they went', () => {
    const bytes = encode(['a', 'é\u0000"', 'c']);
    const { records, end } = decode(bytes);
    expect(end).toBe(bytes.length);
    expect(records.map(({ seq, ordinal, takenMs }) => [seq, ordinal, takenMs])).toEqual([
      [100, 7, 5],
      [101, 8, 5],
      [102, 9, 5],
    ]);
    expect(records[1]?.alert).toEqual(alert('é\u0000"'));
  });

  it('cut off anywhere: all that are whole, and where they end', () => {
    const bytes = encode(['a', 'b', 'c']);
    const ends = decode(bytes).records.map((record) => record.end);
    for (let size = 0; size <= bytes.length; size += 1) {
      const { uids, end } = decode(bytes.subarray(0, size));
      const whole = ends.filter((at) => at <= size);
      expect([uids.length, end]).toEqual([whole.length, whole.at(-1) ?? 0]);
    }
  });

  it('with a byte changed anywhere: at most the one record hit is missing, none is wrong', () => {
    const original = encode(['a', 'b', 'c', 'd']);
    fc.assert(
      fc.property(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(original);
        bytes[at]! ^= flip;
        const { uids } = decode(bytes);
        expect(uids.length).toBe(3);
        expect(['a', 'b', 'c', 'd'].filter((uid) => uids.includes(uid))).toEqual(uids);
      }),
    );
  });

  it('of chance: never a record, never an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (chance) => {
        const bytes = Buffer.concat([Buffer.from('TGR1'), chance]);
        expect(decode(bytes)).toMatchObject({ uids: [], end: 0 });
      }),
    );
  });

  it.each([
    ['no alert', { uid: 'a' }],
    ['no object', 17],
    ['a severity that there is not', { ...alert('a'), severity: 'LOUD' }],
  ])('that hold %s are passed over', (_what, value) => {
    const payload = Buffer.from(JSON.stringify(value));
    const bytes = encodeRecords([{ seq: 1, takenMs: 0, alert: alert('x') }], [payload], 1);
    expect(decode(Buffer.concat([bytes, encode(['b'])])).uids).toEqual(['b']);
  });
});
