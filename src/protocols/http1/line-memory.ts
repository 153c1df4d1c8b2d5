/** Longer lines are hardly ever the same twice. A multiple of four. */
const MAX_LINE = 192;
const LF = 10;
/** No line. */
export const NO_LINE = -1;
const NO_BYTES: Uint8Array = new Uint8Array(0);
/** Words are compared as they lie in memory. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes that were last looked at, so that words of them can be read: four times as fast as byte by byte. */
let source = NO_BYTES;
let words = new DataView(NO_BYTES.buffer);
let shift = 0;

function lookAt(bytes: Uint8Array): void {
  source = bytes;
  shift = bytes.byteOffset;
  if (words.buffer !== bytes.buffer) words = new DataView(bytes.buffer);
}

/**
 * Lines that were read before, with what came of them: what programs send again and again (user agents, types, dates) need
 * not be taken apart each time, which takes several times as long. A line is told by its slot.
 */
export class LineMemory<T> {
  readonly #slots: number;
  /** The bytes of the line in slot i begin at `i * MAX_LINE`. */
  readonly #letters: Uint8Array;
  readonly #words: Int32Array;
  /** Without the line feed; 0 where there is none. */
  readonly #lengths: Uint8Array;
  readonly #values: T[];
  /** Mark of the line that was last read in full in each slot. */
  readonly #seen: Int32Array;
  /** Slot of the line that came last behind each. Slots, not lines: a chain of lines would keep all that ever were. */
  readonly #followers: Uint16Array;

  /** `slots`: a power of two, at most 32,768; `beginnings`: places that first lines come after. */
  constructor(slots: number, beginnings: number, nothing: T) {
    this.#slots = slots;
    this.#letters = new Uint8Array(slots * MAX_LINE);
    this.#words = new Int32Array(this.#letters.buffer);
    this.#lengths = new Uint8Array(slots);
    this.#values = Array.from<T>({ length: slots }).fill(nothing);
    this.#seen = new Int32Array(slots);
    this.#followers = new Uint16Array(slots + beginnings);
  }

  /** What the first line comes after. */
  beginning(which: number): number {
    return this.#slots + which;
  }

  /** The line that comes behind another, if things go as they went last. */
  followerOf(slot: number): number {
    return this.#followers[slot] as number;
  }

  valueOf(slot: number): T {
    return this.#values[slot] as T;
  }

  /** Of the line, without its line feed. */
  lengthOf(slot: number): number {
    return this.#lengths[slot] as number;
  }

  /**
   * The line that begins at `start`, if the very same is known; its line feed must stand before `end`. `after`: the line
   * before it. Most lines are what followed there last: that one needs neither its end looked for nor a hash.
   */
  find(bytes: Uint8Array, start: number, end: number, after: number): number {
    if (bytes !== source) lookAt(bytes);
    const expected = this.#followers[after] as number;
    if (this.#isAt(expected, start, end)) return expected;
    const found = this.#search(bytes, start, end);
    if (found !== NO_LINE) this.#followers[after] = found;
    return found;
  }

  /** Tells of a line `[start, lineFeed)` that had to be read. The second time in a row it takes its slot. */
  remember(bytes: Uint8Array, start: number, lineFeed: number, value: T): void {
    const length = lineFeed - start;
    if (length >= MAX_LINE) return;
    let mark = 0;
    for (let i = start; i < lineFeed; i++) mark = (Math.imul(mark, 31) + (bytes[i] as number)) | 0;
    const slot = this.#slotOf(mark);
    const isSecond = this.#seen[slot] === mark;
    this.#seen[slot] = mark;
    if (!isSecond) return;
    this.#letters.set(bytes.subarray(start, lineFeed), slot * MAX_LINE);
    this.#lengths[slot] = length;
    this.#values[slot] = value;
  }

  #isAt(slot: number, start: number, end: number): boolean {
    const length = this.#lengths[slot] as number;
    const lineFeed = start + length;
    if (length === 0 || lineFeed >= end || source[lineFeed] !== LF) return false;
    let at = start;
    let word = (slot * MAX_LINE) >>> 2;
    for (; at + 4 <= lineFeed; at += 4, word++)
      if (words.getInt32(shift + at, IS_LITTLE_ENDIAN) !== this.#words[word]) return false;
    for (let letter = word << 2; at < lineFeed; at++, letter++)
      if (source[at] !== this.#letters[letter]) return false;
    return true;
  }

  #search(bytes: Uint8Array, start: number, end: number): number {
    const limit = Math.min(end, start + MAX_LINE);
    let mark = 0;
    let lineFeed = start;
    for (; lineFeed < limit; lineFeed++) {
      const byte = bytes[lineFeed] as number;
      if (byte === LF) break;
      mark = (Math.imul(mark, 31) + byte) | 0;
    }
    if (lineFeed >= limit) return NO_LINE;
    const slot = this.#slotOf(mark);
    return this.#lengths[slot] === lineFeed - start && this.#isAt(slot, start, end) ? slot : NO_LINE;
  }

  #slotOf(mark: number): number {
    return (mark ^ (mark >>> 15)) & (this.#slots - 1);
  }
}
