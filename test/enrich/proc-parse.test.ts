import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseCommandLine,
  parseStat,
  parseUserId,
  wholeNumber,
  withoutDeletedMark,
} from '../../src/enrich/proc-parse.ts';

const TAIL = 'S 7 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 12345 99 1 18446744073709551615\n';

describe('parseStat', () => {
  it.each([
    ['plain', 'bash'],
    ['spaces', 'tmux: server'],
    ['parentheses', '(sd-pam)'],
    ['a name that looks like the rest of the line', 'a) R 1 1 1 (b'],
    ['newline', 'two\nlines'],
    ['nothing', ''],
    ['replaced bytes', '\ufffd\ufffd'],
  ])('reads a name with %s', (_title, comm) => {
    expect(parseStat(`42 (${comm}) ${TAIL}`)).toEqual({ pid: 42, comm, parentPid: 7, startTicks: 12345 });
  });

  it.each([
    ['empty', ''],
    ['no name', '42 S 7 42'],
    ['unclosed name', '42 (bash S 7'],
    ['cut before the start time', '42 (bash) S 7 42 42 0 -1 4194304 1 0 0'],
    ['start time is no number', `42 (bash) ${TAIL.replace('12345', 'soon')}`],
    ['parent is no number', `42 (bash) ${TAIL.replace('S 7', 'S x')}`],
    ['pid is no number', `x (bash) ${TAIL}`],
    ['start time beyond a double', `42 (bash) ${TAIL.replace('12345', '9999999999999999')}`],
  ])('refuses: %s', (_title, text) => {
    expect(parseStat(text)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void parseStat(text)));
    fc.assert(fc.property(fc.string(), (text) => void parseStat(`1 (${text}) ${text}`)));
  });
});

describe('parseCommandLine', () => {
  it.each([
    ['argv', 'curl\0-s\0http://example.com\0', ['curl', '-s', 'http://example.com']],
    ['empty arguments in the middle', 'a\0\0b\0', ['a', '', 'b']],
    ['kernel thread', '', []],
    ['only NULs', '\0\0\0', []],
    ['a title padded with NULs', 'nginx: worker process\0\0\0\0', ['nginx: worker process']],
    ['cut short', 'a\0bcd', ['a', 'bcd']],
  ])('splits %s', (_title, text, expected) => {
    expect(parseCommandLine(text)).toEqual(expected);
  });
});

describe('parseUserId', () => {
  it.each([
    ['the real id', 'Name:\tx\nUid:\t1000\t0\t0\t0\n', 1000],
    ['not a name that pretends', 'Name:\tUid: 5\nUid:\t7\t7\t7\t7\n', 7],
    ['none', 'Name:\tx\n', undefined],
  ])('finds %s', (_title, text, expected) => {
    expect(parseUserId(text)).toBe(expected);
  });
});

it.each([
  ['/tmp/x (deleted)', '/tmp/x'],
  ['/tmp/x (deleted) (deleted)', '/tmp/x (deleted)'],
  ['/memfd:payload (deleted)', '/memfd:payload'],
  ['/tmp/deleted', '/tmp/deleted'],
])('%s without the mark is %s', (path, expected) => {
  expect(withoutDeletedMark(path)).toBe(expected);
});

it.each([
  ['0', 0],
  ['4194304', 4_194_304],
  ['-1', undefined],
  ['1e3', undefined],
  ['', undefined],
  ['9007199254740993', undefined],
  [undefined, undefined],
])('wholeNumber(%j) is %j', (text, expected) => {
  expect(wholeNumber(text)).toBe(expected);
});
