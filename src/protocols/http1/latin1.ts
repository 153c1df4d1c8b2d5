/**
 * Strings up to this length are looked for in the cache: user agents, cookies and the like come again and again, and
 * making one takes ten times as long as finding it.
 */
const CACHED_LENGTH = 192;
const CACHE_SLOTS = 2048;
/** Arguments of one call; many thousands would overflow the stack. */
const CHUNK = 4096;

const cache: string[] = Array.from({ length: CACHE_SLOTS }, () => '');

/** Arrays of codes by their length, used again for each string: growing one takes as long as all the rest. */
const codesOf: number[][] = [];
/** Of longer strings. */
const manyCodes: number[] = Array.from({ length: CHUNK }, () => 0);

/** The bytes `[start, end)` as a string of their Latin-1 characters. Short strings that repeat are made once. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length <= 0) return '';
  if (length > CACHED_LENGTH) return textOf(bytes, start, end);
  let hash = length;
  for (let i = start; i < end; i++) hash = ((hash << 5) + ((bytes[i] as number) - hash)) | 0;
  const slot = (hash ^ (hash >>> 15)) & (CACHE_SLOTS - 1);
  const found = cache[slot] as string;
  if (found.length === length && isText(found, bytes, start)) return found;
  const text = textOf(bytes, start, end);
  cache[slot] = text;
  return text;
}

function isText(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

/** Like latin1(), of what hardly repeats or is remembered elsewhere. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > CHUNK) return textOf(bytes, start, start + CHUNK) + textOf(bytes, start + CHUNK, end);
  const length = end - start;
  const codes = length <= CACHED_LENGTH ? ofLength(length) : manyCodes;
  if (codes === manyCodes) codes.length = length;
  for (let i = 0; i < length; i++) codes[i] = bytes[start + i] as number;
  return String.fromCharCode.apply(null, codes);
}

function ofLength(length: number): number[] {
  for (let n = codesOf.length; n <= length; n++) codesOf.push(Array.from({ length: n }, () => 0));
  return codesOf[length] as number[];
}
