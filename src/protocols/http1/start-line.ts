import type { Side } from '../../model/conversation.ts';
import { latin1, textOf } from './latin1.ts';
import { LineMemory, NO_LINE } from './line-memory.ts';
import { TOKEN } from './names.ts';

export type Http1Version = '1.0' | '1.1';

/** First line of a head. A request has a method and a target, a response a status code. */
export interface StartLine {
  readonly version: Http1Version;
  readonly method: string | undefined;
  readonly target: string | undefined;
  readonly statusCode: number | undefined;
  /** Offset behind the line end. */
  readonly next: number;
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const ZERO = 48;
/** `HTTP/1.` */
const PREFIX = [72, 84, 84, 80, 47, 49, 46] as const;
/** `HTTP/1.1` */
const VERSION_LENGTH = 8;
const MAX_METHOD = 32;
/** Longest target with spaces that is waited for. */
const MAX_TARGET = 8_192;

/** What a lost place is looked for by. (PATCH may be the rest of PROPPATCH, but only of one cut there by a gap.) */
const METHODS = beginnings(
  'GET HEAD POST PUT PATCH DELETE OPTIONS CONNECT TRACE PROPFIND PROPPATCH REPORT UNLOCK M-SEARCH',
);
/** May be the rest of UNLOCK and M-SEARCH: they count only where what stands before is known. */
const ENDINGS = beginnings('LOCK SEARCH');

function beginnings(methods: string): readonly (readonly (readonly number[])[])[] {
  const all = methods.split(' ').map((method) => Array.from(`${method} `, (char) => char.charCodeAt(0)));
  return Array.from({ length: 256 }, (_, first) => all.filter((method) => method[0] === first));
}

const NO_START: StartLine = {
  version: '1.1',
  method: undefined,
  target: undefined,
  statusCode: undefined,
  next: 0,
};
/** Start lines that were read at the beginning of some bytes. */
const known: Readonly<Record<Side, LineMemory<StartLine>>> = {
  client: new LineMemory(512, 1, NO_START),
  server: new LineMemory(64, 1, NO_START),
};

const RESPONSE_START = [PREFIX] as const;

/**
 * Reads a start line that ends before `end`. Returns 'more' while its end is not there, 'bad' for anything else than a
 * head of HTTP/1.0 or 1.1. A line may end with LF alone (RFC 9112, 2.2).
 */
export function readStartLine(
  side: Side,
  bytes: Uint8Array,
  start: number,
  end: number,
): StartLine | 'more' | 'bad' {
  const memory = known[side];
  // Nearly all heads begin a segment: others would need lines of their own, with another `next`.
  const slot = start === 0 ? memory.find(start, end, memory.beginning(0)) : NO_LINE;
  if (slot !== NO_LINE) return memory.valueOf(slot);
  const line = side === 'client' ? readRequestLine(bytes, start, end) : readStatusLine(bytes, start, end);
  if (start === 0 && typeof line !== 'string' && memory.cameBefore())
    memory.remember(start, line.next - 1, line);
  return line;
}

function readRequestLine(bytes: Uint8Array, start: number, end: number): StartLine | 'more' | 'bad' {
  let i = start;
  while (i < end && TOKEN[bytes[i] as number] !== 0) i++;
  if (i - start > MAX_METHOD) return 'bad';
  if (i === end) return 'more';
  if (i === start || bytes[i] !== SPACE) return 'bad';
  const targetStart = i + 1;
  i = targetStart;
  while (i < end && (bytes[i] as number) > SPACE) i++;
  if (i === end) return 'more';
  if (i === targetStart || bytes[i] !== SPACE) return readSpacedLine(bytes, start, targetStart, end);
  const version = readVersion(bytes, i + 1, end);
  if (version === 'more') return version;
  const next = version === 'bad' ? 'bad' : lineEnd(bytes, i + 9, end);
  if (next === 'more') return next;
  if (version === 'bad' || next === 'bad') return readSpacedLine(bytes, start, targetStart, end);
  const method = latin1(bytes, start, targetStart - 1);
  return { version, method, target: textOf(bytes, targetStart, i), statusCode: undefined, next };
}

/**
 * A request line with spaces in the target, or too many around it: servers may take it (RFC 9112, 3), and attacks are
 * written so. The version is what stands last. Of usual methods only: else words of a body in front of a request would pass.
 */
function readSpacedLine(
  bytes: Uint8Array,
  start: number,
  targetStart: number,
  end: number,
): StartLine | 'more' | 'bad' {
  if (!begins(METHODS[bytes[start] as number], bytes, start, end)) return 'bad';
  let i = targetStart;
  while (i < end && ((bytes[i] as number) >= SPACE || bytes[i] === TAB)) i++;
  if (i === end) return i - targetStart > MAX_TARGET ? 'bad' : 'more';
  let lineStop = i;
  while (isBlank(bytes[lineStop - 1])) lineStop--;
  const versionAt = lineStop - VERSION_LENGTH;
  if (versionAt <= targetStart || !isBlank(bytes[versionAt - 1])) return 'bad';
  const version = readVersion(bytes, versionAt, lineStop);
  const next = lineEnd(bytes, i, end);
  if (version === 'more' || version === 'bad' || typeof next !== 'number')
    return next === 'more' ? 'more' : 'bad';
  let [from, to] = [targetStart, versionAt - 1];
  while (from < to && isBlank(bytes[from])) from++;
  while (to > from && isBlank(bytes[to - 1])) to--;
  if (from === to) return 'bad';
  const method = latin1(bytes, start, targetStart - 1);
  return { version, method, target: textOf(bytes, from, to), statusCode: undefined, next };
}

const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

function readStatusLine(bytes: Uint8Array, start: number, end: number): StartLine | 'more' | 'bad' {
  const version = readVersion(bytes, start, end);
  if (version === 'more' || version === 'bad') return version;
  const statusCode = readStatus(bytes, start + 8, end);
  if (typeof statusCode !== 'number') return statusCode;
  let i = start + 12;
  if (i < end && bytes[i] === SPACE) {
    while (i < end && ((bytes[i] as number) >= SPACE || bytes[i] === 9)) i++;
  }
  const next = lineEnd(bytes, i, end);
  if (typeof next !== 'number') return next;
  return { version, method: undefined, target: undefined, statusCode, next };
}

function readVersion(bytes: Uint8Array, start: number, end: number): Http1Version | 'more' | 'bad' {
  for (let i = 0; i < PREFIX.length; i++) {
    if (start + i === end) return 'more';
    if (bytes[start + i] !== PREFIX[i]) return 'bad';
  }
  if (start + 7 === end) return 'more';
  const minor = (bytes[start + 7] as number) - ZERO;
  if (minor !== 0 && minor !== 1) return 'bad';
  return minor === 1 ? '1.1' : '1.0';
}

function readStatus(bytes: Uint8Array, start: number, end: number): number | 'more' | 'bad' {
  if (start < end && bytes[start] !== SPACE) return 'bad';
  let status = 0;
  for (let i = start + 1; i < start + 4; i++) {
    if (i >= end) return 'more';
    const digit = (bytes[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return 'bad';
    status = status * 10 + digit;
  }
  return status >= 100 ? status : 'bad';
}

function lineEnd(bytes: Uint8Array, at: number, end: number): number | 'more' | 'bad' {
  if (at >= end) return 'more';
  if (bytes[at] === LF) return at + 1;
  if (bytes[at] !== CR) return 'bad';
  if (at + 1 >= end) return 'more';
  return bytes[at + 1] === LF ? at + 2 : 'bad';
}

/**
 * The first offset from `start` at which a head may begin, though it need not: a usual method and a space, or
 * `HTTP/1.`; also where only the beginning of such is there before `end`. `end` when there is none. `before` is the byte
 * in front of `start`, -1 when it was not seen.
 */
export function nextCandidate(
  side: Side,
  bytes: Uint8Array,
  start: number,
  end: number,
  before: number,
): number {
  for (let i = start; i < end; i++) {
    const first = bytes[i] as number;
    if (side === 'server') {
      if (first === PREFIX[0] && begins(RESPONSE_START, bytes, i, end)) return i;
      continue;
    }
    if (begins(METHODS[first], bytes, i, end)) return i;
    const previous = i === start ? before : (bytes[i - 1] as number);
    if (previous >= 0 && TOKEN[previous] === 0 && begins(ENDINGS[first], bytes, i, end)) return i;
  }
  return end;
}

type Beginnings = readonly (readonly number[])[];

function begins(list: Beginnings | undefined, bytes: Uint8Array, start: number, end: number): boolean {
  return list?.some((beginning) => matches(beginning, bytes, start, end)) ?? false;
}

function matches(beginning: readonly number[], bytes: Uint8Array, start: number, end: number): boolean {
  const length = Math.min(beginning.length, end - start);
  for (let i = 1; i < length; i++) if (bytes[start + i] !== beginning[i]) return false;
  return true;
}
