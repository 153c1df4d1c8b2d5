/** Strings up to this length are looked for in the cache; header values above it seldom repeat. */
const CACHED_LENGTH = 40;
const CACHE_SLOTS = 2048;
/** Arguments of one call; many thousands would overflow the stack. */
const CHUNK = 4096;

const cache: string[] = Array.from({ length: CACHE_SLOTS }, () => '');

/** The bytes `[start, end)` as a string of their Latin-1 characters. Short strings that repeat are made once. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length <= 0) return '';
  if (length > CACHED_LENGTH) return build(bytes, start, end);
  let hash = length;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
  const slot = (hash ^ (hash >>> 15)) & (CACHE_SLOTS - 1);
  const found = cache[slot] as string;
  if (found.length === length && isText(found, bytes, start)) return found;
  const text = build(bytes, start, end);
  cache[slot] = text;
  return text;
}

function isText(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

function build(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > CHUNK) return build(bytes, start, start + CHUNK) + build(bytes, start + CHUNK, end);
  const codes: number[] = [];
  for (let i = start; i < end; i++) codes.push(bytes[i] as number);
  return String.fromCharCode.apply(null, codes);
}
