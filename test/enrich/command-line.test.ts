import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { commandLineOf, joinMasked, MAX_COMMAND_LINE_BYTES } from '../../src/enrich/command-line.ts';

describe('commandLineOf', () => {
  it.each([
    ['unknown', undefined, undefined],
    ['empty', [], undefined],
    ['one empty argument', [''], undefined],
    ['plain', ['curl', '-s', 'http://example.com/'], 'curl -s http://example.com/'],
  ])('%s', (_title, args, expected) => {
    expect(commandLineOf(args)).toBe(expected);
  });

  it('masks secrets, also one that begins before the cut and ends behind it', () => {
    const secret = 'hunter2'.repeat(1000);
    for (const args of [
      ['app', `--password=${secret}`],
      ['app', '--password', secret],
      ['curl', `https://u:${secret}@example.com/`],
    ])
      expect(commandLineOf(args)).not.toContain('hunter2');
  });
});

describe('the cut at 4 KiB', () => {
  it.each([
    ['ASCII', 'x', 4096],
    ['two bytes', 'ä', 4096],
    ['three bytes', '€', 4095],
    ['four bytes', '😀', 4096],
    ['lone surrogates become U+FFFD', '\ud800', 4095],
  ])('falls between characters: %s', (_title, unit, bytes) => {
    const cut = joinMasked([unit.repeat(10_000)]) ?? '';
    expect(Buffer.byteLength(cut)).toBe(bytes);
    if (unit !== '\ud800') expect(unit.repeat(10_000).startsWith(cut)).toBe(true);
  });

  it('leaves what fits', () => {
    const line = 'ä'.repeat(MAX_COMMAND_LINE_BYTES / 2);
    expect(joinMasked([line])).toBe(line);
  });
});
