import { parseIpv4Word } from './ipv4-text.ts';

const COLON = 58;
const DOT = 46;
const GROUPS = 8;

interface Cursor {
  at: number;
  /** Groups read so far. */
  readonly groups: number[];
  /** How many groups stand before `::`, or -1 without one. */
  gap: number;
}

/** The four 32-bit words of an IPv6 address in RFC 4291 text (no zone), or undefined. */
export function parseIpv6Words(text: string): readonly number[] | undefined {
  const cursor: Cursor = { at: 0, groups: [], gap: -1 };
  if (text.startsWith('::')) {
    cursor.at = 2;
    cursor.gap = 0;
  }
  while (cursor.at < text.length) {
    if (!readGroup(text, cursor) || !readSeparator(text, cursor)) return undefined;
  }
  return toWords(cursor);
}

function readGroup(text: string, cursor: Cursor): boolean {
  const start = cursor.at;
  let value = 0;
  let end = start;
  while (end < text.length && end - start <= 4) {
    const digit = hexDigit(text.charCodeAt(end));
    if (digit < 0) break;
    value = value * 16 + digit;
    end++;
  }
  if (text.charCodeAt(end) === DOT) return readDottedQuad(text, cursor);
  if (end === start || end - start > 4 || cursor.groups.length === GROUPS) return false;
  cursor.groups.push(value);
  cursor.at = end;
  return true;
}

function readDottedQuad(text: string, cursor: Cursor): boolean {
  const word = parseIpv4Word(text, cursor.at);
  if (word < 0 || cursor.groups.length > GROUPS - 2) return false;
  cursor.groups.push(word >>> 16, word & 0xffff);
  cursor.at = text.length;
  return true;
}

function readSeparator(text: string, cursor: Cursor): boolean {
  if (cursor.at === text.length) return true;
  if (text.charCodeAt(cursor.at) !== COLON) return false;
  cursor.at++;
  if (cursor.at === text.length) return false;
  if (text.charCodeAt(cursor.at) !== COLON) return true;
  if (cursor.gap >= 0) return false;
  cursor.gap = cursor.groups.length;
  cursor.at++;
  return true;
}

function toWords({ groups, gap }: Cursor): readonly number[] | undefined {
  const missing = GROUPS - groups.length;
  // "::" stands for at least one group.
  if (gap < 0 ? missing !== 0 : missing < 1) return undefined;
  const words = [0, 0, 0, 0];
  for (const [i, group] of groups.entries()) {
    const place = gap >= 0 && i >= gap ? i + missing : i;
    const word = place >>> 1;
    words[word] = ((words[word] ?? 0) | (group << (place & 1 ? 0 : 16))) >>> 0;
  }
  return words;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
