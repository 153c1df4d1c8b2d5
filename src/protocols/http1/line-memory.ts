/** Longer lines are hardly ever the same twice. A multiple of eight. */
const MAX_LINE = 192;
const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
/** Slots that a line may be in. A power of two. */
const WAYS = 4;
/** One in so many lines that find no room takes that of another. */
const PATIENCE = 4;
const MIX = 0x9e3779b1;
/** Marks that are kept for each slot: a line takes one only when it comes again. */
const SEEN = 4;
/** No line. */
export const NO_LINE = -1;
const NO_BYTES: Uint8Array = new Uint8Array(0);
/** Bytes of a word. */
const WORD = 8;

/** What is longer is looked at where it is: a copy would take longer than the way to it. */
const MAX_COPY = 1024;
const copy = new Uint8Array(MAX_COPY);
const wordsOfCopy = new DataView(copy.buffer);

/**
 * The bytes to look for lines in, so that words of them can be read: several times as fast as byte by byte. Words are read
 * as numbers with a fraction: the same one is never made of other bytes (but for zeros, which no known line has); bytes
 * above 127 may make none (NaN), which equals nothing: such a line is read anew.
 */
let source = NO_BYTES;
let words: DataView = wordsOfCopy;
let shift = 0;
let viewed = words;

/** Lines are looked for in these bytes from now on, as they are now. */
export function lookAt(bytes: Uint8Array): void {
  source = bytes;
  if (bytes.length <= MAX_COPY) {
    copy.set(bytes);
    words = wordsOfCopy;
    shift = 0;
    return;
  }
  if (viewed.buffer !== bytes.buffer) viewed = new DataView(bytes.buffer);
  words = viewed;
  shift = bytes.byteOffset;
}

/** Whether one of four bytes is a control character. */
function hasControl(four: number): boolean {
  return ((four - 0x20202020) & ~four & 0x80808080) !== 0;
}

/**
 * Lines that were read before, with what came of them: what programs send again and again (user agents, types, dates) need
 * not be taken apart each time, which takes several times as long. A line is told by its slot: one of several that its
 * bytes lead to.
 */
export class LineMemory<T> {
  readonly #slots: number;
  /** The bytes of the line in slot i begin at `i * MAX_LINE`; its line feed is one of them. */
  readonly #letters: Uint8Array;
  readonly #words: DataView;
  /** Without the line feed; 0 where there is none. */
  readonly #lengths: Uint8Array;
  readonly #values: T[];
  /** Marks of lines that were read in full. */
  readonly #seen: Int32Array;
  /** Slot of the line that came last behind each. Slots, not lines: a chain of lines would keep all that ever were. */
  readonly #followers: Uint16Array;
  /** Of the line that was last looked for and not found. */
  #mark = 0;
  #textEnd = 0;
  /** Tells whether a line makes room for another, and which. */
  #turn = 0;

  /** `slots`: a power of two, at most 32,768; `beginnings`: places that first lines come after. */
  constructor(slots: number, beginnings: number, nothing: T) {
    this.#slots = slots;
    this.#letters = new Uint8Array(slots * MAX_LINE);
    this.#words = new DataView(this.#letters.buffer);
    this.#lengths = new Uint8Array(slots);
    this.#values = Array.from<T>({ length: slots }).fill(nothing);
    this.#seen = new Int32Array(slots * SEEN);
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

  /** In a line that find() did not know: up to here there is neither a line end nor a control character, save tabs. */
  get textEnd(): number {
    return this.#textEnd;
  }

  /**
   * The line that begins at `start` of what is looked at, if the very same is known; its line feed must stand before `end`.
   * `after`: the line before it. Most lines are what followed there last: that one needs neither its end looked for nor a hash.
   */
  find(start: number, end: number, after: number): number {
    const expected = this.#followers[after] as number;
    if (this.#isAt(expected, start, end)) return expected;
    const found = this.#search(start, end);
    if (found !== NO_LINE) this.#followers[after] = found;
    return found;
  }

  /** Whether the line that find() did not know came before, so that it is worth remembering. */
  cameBefore(): boolean {
    const seen = this.#seen;
    const mark = this.#mark;
    const at = (mark ^ (mark >>> 15)) & (this.#slots * SEEN - 2);
    if (seen[at] === mark || seen[at + 1] === mark) return true;
    seen[at + 1] = seen[at] as number;
    seen[at] = mark;
    return false;
  }

  /** Takes the line that find() did not know: `[start, lineFeed)`. */
  remember(start: number, lineFeed: number, value: T): void {
    const length = lineFeed - start;
    if (length >= MAX_LINE) return;
    const slot = this.#roomFor(this.#slotOf(this.#mark));
    if (slot === NO_LINE) return;
    this.#letters.set(source.subarray(start, lineFeed + 1), slot * MAX_LINE);
    this.#lengths[slot] = length;
    this.#values[slot] = value;
  }

  #isAt(slot: number, start: number, end: number): boolean {
    const length = this.#lengths[slot] as number;
    const lineFeed = start + length;
    if (length === 0 || lineFeed >= end || source[lineFeed] !== LF) return false;
    const known = this.#words;
    const letters = slot * MAX_LINE;
    const last = length + 1 - WORD;
    if (last < 0) return this.#isShortAt(letters, start, lineFeed);
    for (let i = 0; i < last; i += WORD)
      if (words.getFloat64(shift + start + i, true) !== known.getFloat64(letters + i, true)) return false;
    return words.getFloat64(shift + start + last, true) === known.getFloat64(letters + last, true);
  }

  #isShortAt(letters: number, start: number, lineFeed: number): boolean {
    for (let at = start, letter = letters; at < lineFeed; at++, letter++)
      if (source[at] !== this.#letters[letter]) return false;
    return true;
  }

  #search(start: number, end: number): number {
    const bytes = source;
    const limit = Math.min(end, start + MAX_LINE);
    let mark = 0;
    let at = start;
    for (; at + 4 <= limit; at += 4) {
      const four = words.getInt32(shift + at, true);
      if (hasControl(four)) break;
      mark = Math.imul(((mark << 15) | (mark >>> 17)) ^ four, MIX);
    }
    for (; at < limit; at++) {
      const byte = bytes[at] as number;
      if (byte < SPACE && byte !== TAB) break;
      mark = ((mark << 5) + (byte - mark)) | 0;
    }
    mark = Math.imul(mark ^ (mark >>> 15), MIX);
    this.#mark = mark;
    this.#textEnd = at;
    if (at >= limit) return NO_LINE;
    const length = (bytes[at] === CR ? at + 1 : at) - start;
    const first = this.#slotOf(mark);
    for (let slot = first; slot < first + WAYS; slot++)
      if (this.#lengths[slot] === length && this.#isAt(slot, start, end)) return slot;
    return NO_LINE;
  }

  /** The first of those that the line may be in. */
  #slotOf(mark: number): number {
    return (mark ^ (mark >>> 15)) & (this.#slots - WAYS);
  }
  /** Where all are taken, only now and then: of many lines that come in turn, some are to stay. */
  #roomFor(first: number): number {
    for (let slot = first; slot < first + WAYS; slot++) if (this.#lengths[slot] === 0) return slot;
    this.#turn = (this.#turn + 1) % (WAYS * PATIENCE);
    return this.#turn < WAYS ? first + this.#turn : NO_LINE;
  }
}
