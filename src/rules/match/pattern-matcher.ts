import { DASH, DASHES, ONE, type Part, type Pattern, STAR } from '../syntax/pattern.ts';
import { fold } from './fold.ts';

export type TextTest = (text: string) => boolean;

/** Tests whole texts against a pattern, as cheaply as the pattern allows. */
export function textTest(pattern: Pattern, cased: boolean): TextTest {
  const parts = cased ? pattern : pattern.map((part) => (typeof part === 'string' ? fold(part) : part));
  const test = simpleTest(parts) ?? segmentTest(parts);
  return cased ? test : (text) => test(fold(text));
}

/** equals, prefix, suffix, contains; undefined for everything else. */
function simpleTest(parts: readonly Part[]): TextTest | undefined {
  const [a, b, c] = parts;
  if (parts.length === 0) return (text) => text === '';
  if (parts.length === 1)
    return a === STAR ? () => true : typeof a === 'string' ? (text) => text === a : undefined;
  if (parts.length === 2 && typeof a === 'string' && b === STAR) return (text) => text.startsWith(a);
  if (parts.length === 2 && a === STAR && typeof b === 'string') return (text) => text.endsWith(b);
  if (parts.length === 3 && a === STAR && typeof b === 'string' && c === STAR)
    return (text) => text.includes(b);
  return undefined;
}

/** A run of parts between stars. */
type Segment = readonly Exclude<Part, typeof STAR>[];

/**
 * Wildcards in the middle: each segment is found as far left as it goes, the last one at the end. No choice is taken
 * back, so the cost is at most the length of the text times that of the pattern.
 */
function segmentTest(parts: readonly Part[]): TextTest {
  const segments: Exclude<Part, typeof STAR>[][] = [[]];
  for (const part of parts) {
    if (part === STAR) segments.push([]);
    else segments.at(-1)?.push(part);
  }
  const [first = [], ...others] = segments;
  const last = others.pop();
  return (text) => {
    let at = matchAt(text, 0, first);
    if (last === undefined) return at === text.length;
    for (const segment of others) {
      if (at < 0) return false;
      at = find(text, at, segment);
    }
    return at >= 0 && endsWith(text, at, last);
  };
}

/** End of the segment that begins at `from`, or -1. */
function matchAt(text: string, from: number, segment: Segment): number {
  let at = from;
  for (const part of segment) {
    if (typeof part === 'string') {
      if (!text.startsWith(part, at)) return -1;
      at += part.length;
    } else if (at >= text.length) return -1;
    else if (part === ONE) at += unitsAt(text, at);
    else if (part === DASH && DASHES.includes(text.charAt(at))) at += 1;
    else return -1;
  }
  return at;
}

function find(text: string, from: number, segment: Segment): number {
  const [head] = segment;
  for (let start = from; start <= text.length; start += unitsAt(text, start)) {
    if (typeof head === 'string') {
      start = text.indexOf(head, start);
      if (start < 0) return -1;
    }
    const end = matchAt(text, start, segment);
    if (end >= 0) return end;
  }
  return -1;
}

/** Whether the segment fits the end of the text, not before `from`: read from behind, because `?` varies in length. */
function endsWith(text: string, from: number, segment: Segment): boolean {
  let at = text.length;
  for (const part of segment.toReversed()) {
    if (typeof part === 'string') {
      if (!text.endsWith(part, at)) return false;
      at -= part.length;
    } else if (at <= from) return false;
    else if (part === ONE) at -= unitsBefore(text, at);
    else if (DASHES.includes(text.charAt(at - 1))) at -= 1;
    else return false;
    if (at < from) return false;
  }
  return true;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

function unitsAt(text: string, at: number): number {
  return isHigh(text.charCodeAt(at)) && isLow(text.charCodeAt(at + 1)) ? 2 : 1;
}

function unitsBefore(text: string, at: number): number {
  return isLow(text.charCodeAt(at - 1)) && isHigh(text.charCodeAt(at - 2)) ? 2 : 1;
}
