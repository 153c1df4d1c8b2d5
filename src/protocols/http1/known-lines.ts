import type { HeaderField } from '../../model/conversation.ts';

/** A header line that was read before. */
export interface KnownLine {
  readonly field: HeaderField;
  /** Without its line feed. */
  readonly length: number;
}

/** Longer lines are hardly ever the same twice. */
const MAX_LINE = 192;
const SLOTS = 1024;
const LF = 10;

/** The bytes of the line in slot i begin at `i * MAX_LINE`. */
const letters = new Uint8Array(SLOTS * MAX_LINE);
const lines = Array.from<KnownLine | undefined>({ length: SLOTS });
/** Mark of the line that was last read in full in each slot. */
const seen = new Int32Array(SLOTS);

/**
 * The line that begins at `start`, if the very same is known: what programs send again and again (user agents, types,
 * dates) need not be taken apart each time, which takes several times as long.
 */
export function knownLine(bytes: Uint8Array, start: number, end: number): KnownLine | undefined {
  const limit = Math.min(end, start + MAX_LINE);
  let lineFeed = start;
  while (lineFeed < limit && bytes[lineFeed] !== LF) lineFeed++;
  if (lineFeed >= limit) return undefined;
  const length = lineFeed - start;
  const slot = slotOf(markOf(bytes, start, length));
  const line = lines[slot];
  if (line === undefined || line.length !== length) return undefined;
  for (let i = start, j = slot * MAX_LINE; i < lineFeed; i++, j++)
    if (bytes[i] !== letters[j]) return undefined;
  return line;
}

/** Tells of a sound line `[start, lineFeed)` that had to be read. The second time in a row it takes its slot. */
export function rememberLine(bytes: Uint8Array, start: number, lineFeed: number, field: HeaderField): void {
  const length = lineFeed - start;
  if (length >= MAX_LINE) return;
  const mark = markOf(bytes, start, length);
  const slot = slotOf(mark);
  const isSecond = seen[slot] === mark;
  seen[slot] = mark;
  if (!isSecond) return;
  letters.set(bytes.subarray(start, lineFeed), slot * MAX_LINE);
  lines[slot] = { field, length };
}

/** Names differ in length and first letters, values mostly in their last ones: those tell nearly all lines apart. */
function markOf(bytes: Uint8Array, start: number, length: number): number {
  let mark = length;
  const end = start + length;
  for (let i = Math.max(start, end - 9); i < end; i++) mark = (mark * 31 + (bytes[i] as number)) | 0;
  const step = (length >> 3) + 1;
  for (let i = start; i < end; i += step) mark = (mark * 31 + (bytes[i] as number)) | 0;
  return mark;
}

const slotOf = (mark: number): number => (mark ^ (mark >>> 11)) & (SLOTS - 1);
