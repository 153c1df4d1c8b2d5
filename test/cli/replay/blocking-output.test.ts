import { describe, expect, test } from 'vitest';
import { writeBlocking } from '../../../src/cli/replay/blocking-output.ts';

describe('writeBlocking', () => {
  test.each([
    ['all at once', [100]],
    ['a few bytes at a time', [1, 2, 3]],
    ['a pipe that is full for a while', ['EAGAIN', 5, 'EAGAIN', 'EAGAIN', 1]],
  ] as const)('writes every byte in order: %s', (_name, turns) => {
    const written: number[] = [];
    let turn = 0;
    writeBlocking('zwölf Bytes', (bytes, offset) => {
      const next = turns[turn++ % turns.length];
      if (typeof next !== 'number') throw Object.assign(new Error('full'), { code: next });
      const taken = bytes.subarray(offset, offset + next);
      written.push(...taken);
      return taken.length;
    });
    expect(Buffer.from(written).toString()).toBe('zwölf Bytes');
  });

  test('does not hide any other fault', () => {
    const fail = (): number => {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    };
    expect(() => writeBlocking('line', fail)).toThrow('no space left');
  });
});
