import type { Side } from '../../model/conversation.ts';
import { firstBadLine, type Head, type HeaderChoice, readHead } from './head.ts';
import { lookAt } from './line-memory.ts';
import { nextCandidate, readStartLine } from './start-line.ts';

export interface HeadReaderOptions {
  readonly side: Side;
  readonly maxHeadBytes: number;
  readonly choice: HeaderChoice;
  readonly counters: HeadCounters;
}

export interface HeadCounters {
  /** What should have been a head and was none. */
  badStartLines: number;
  /** Heads cut because they exceed the limit. */
  longHeads: number;
  /** Bytes passed over while looking for the next head. */
  skippedBytes: number;
}

/** Finds one head after the other in the bytes of a direction, over as many pieces as it takes. */
export interface HeadReader {
  /** The head that the last `read` found. */
  readonly head: Head | undefined;
  /** When the first byte of that head, or of the one that has begun, was seen. */
  readonly startMs: number;
  /** Some bytes of a head are there. */
  readonly begun: boolean;
  /** A head may begin anywhere. */
  readonly seeking: boolean;
  /** Returns the offset behind the head when one was found, else `end`. */
  read(bytes: Uint8Array, start: number, end: number, timeMs: number): number;
  /** What there is of a head whose rest was lost; its start line at least. Begins anew. */
  abandon(): Head | undefined;
  /** From here on a head may begin anywhere. */
  seek(): void;
  /** From here on a head begins at the next byte. */
  align(): void;
}

const LF = 10;
const CR = 13;
const FIRST_BUFFER = 512;
const NO_BYTES: Uint8Array<ArrayBuffer> = new Uint8Array(0);

export function createHeadReader(options: HeadReaderOptions): HeadReader {
  return new Reader(options);
}

class Reader implements HeadReader {
  head: Head | undefined;
  startMs = 0;
  seeking = false;
  readonly #options: HeadReaderOptions;
  #buffer = NO_BYTES;
  #used = 0;
  /** Of the bytes last searched: where the head begins that was found, or one may have begun that is not whole yet. */
  #begins = 0;
  /** The byte in front of those to be searched next; -1 when it was not seen. */
  #before = -1;

  constructor(options: HeadReaderOptions) {
    this.#options = options;
  }
  get begun(): boolean {
    return this.#used > 0 && !this.seeking;
  }
  read(bytes: Uint8Array, start: number, end: number, timeMs: number): number {
    this.head = undefined;
    if (this.#used === 0) return this.#readPiece(bytes, start, end, timeMs);
    let at = start;
    while (at < end && this.head === undefined) at = this.#readBuffered(bytes, at, end, timeMs);
    return at;
  }
  abandon(): Head | undefined {
    const { side, choice } = this.#options;
    const end = this.#used;
    lookAt(this.#buffer);
    const line = end > 0 ? readStartLine(side, this.#buffer, 0, end) : 'more';
    this.#used = 0;
    if (typeof line === 'string' || this.seeking) return undefined;
    return readHead({ side, line, bytes: this.#buffer, end }, choice);
  }
  seek(): void {
    this.seeking = true;
    this.#used = 0;
    this.#before = -1;
  }
  align(): void {
    this.seeking = false;
    this.#used = 0;
  }

  #readPiece(bytes: Uint8Array, start: number, end: number, timeMs: number): number {
    const found = this.#search(bytes, start, end);
    if (found === undefined && this.#begins === end) return end;
    this.startMs = timeMs;
    if (found === undefined) {
      this.#store(bytes, this.#begins, end);
      return end;
    }
    this.#accept(found);
    return found.end;
  }
  #readBuffered(bytes: Uint8Array, start: number, end: number, timeMs: number): number {
    const before = this.#used;
    const taken = Math.min(end - start, this.#options.maxHeadBytes - before);
    this.#store(bytes, start, start + taken);
    const found = this.#search(this.#buffer, 0, this.#used);
    if (this.#begins > 0) this.startMs = timeMs;
    if (found !== undefined) {
      this.#accept(found);
      this.#used = 0;
      return start + found.end - before;
    }
    this.#buffer.copyWithin(0, this.#begins, this.#used);
    this.#used -= this.#begins;
    return start + taken;
  }
  #store(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#used + end - start;
    const { length } = this.#buffer;
    if (needed > length) {
      const wanted = Math.max(FIRST_BUFFER, needed, length * 2);
      const larger = new Uint8Array(Math.min(this.#options.maxHeadBytes, wanted));
      larger.set(this.#buffer.subarray(0, this.#used));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes.subarray(start, end), this.#used);
    this.#used = needed;
  }
  #accept(head: Head): void {
    if (!head.whole) this.#options.counters.longHeads++;
    this.head = head;
    this.seeking = false;
  }
  /**
   * Looks for a whole head, or one too long: `#begins` tells where it began. Where one may begin anywhere, only a faultless
   * one counts. Without one, `#begins` tells from where on bytes must be kept.
   */
  #search(bytes: Uint8Array, start: number, end: number): Head | undefined {
    const { side, counters } = this.#options;
    let at = start;
    for (;;) {
      if (at > start) this.#before = bytes[at - 1] as number;
      const candidate = this.seeking
        ? nextCandidate(side, bytes, at, end, this.#before)
        : skipBlankLines(bytes, at, end);
      if (candidate > at) this.#before = bytes[candidate - 1] as number;
      if (this.seeking) counters.skippedBytes += candidate - at;
      this.#begins = candidate;
      if (candidate === end) return undefined;
      const found = this.#examine(bytes, candidate, end);
      if (found === 'more') return undefined;
      if (typeof found !== 'number') return found;
      if (!this.seeking) counters.badStartLines++;
      this.seeking = true;
      counters.skippedBytes += found - candidate;
      at = found;
    }
  }
  /** A number: there is no head, and the search goes on at that offset. */
  #examine(bytes: Uint8Array, start: number, end: number): Head | 'more' | number {
    const { side, maxHeadBytes, choice } = this.#options;
    const limit = Math.min(end, start + maxHeadBytes);
    const full = limit === start + maxHeadBytes;
    lookAt(bytes);
    const line = readStartLine(side, bytes, start, limit);
    if (line === 'bad' || (line === 'more' && full)) return start + 1;
    if (line === 'more') return 'more';
    if (this.seeking) {
      const goOn = unsoundAt(bytes, line.next, limit);
      if (goOn > 0) return goOn;
    }
    if (this.#used > 0 && !full && !hasBlankLine(bytes, line.next, limit)) return 'more';
    const head = readHead({ side, line, bytes, end: limit }, choice);
    if (head.whole || (full && !this.seeking)) return head;
    return full ? limit : 'more';
  }
}

/** Empty lines before a start line are no head (RFC 9112, 2.2). */
function skipBlankLines(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
  return at;
}

/** Cheaper than reading a head once more with every piece of it. `start` is the start of a line. */
function hasBlankLine(bytes: Uint8Array, start: number, end: number): boolean {
  let lineStart = start;
  for (let i = start; i < end; i++) {
    if (bytes[i] !== LF) continue;
    if (i === lineStart || (i === lineStart + 1 && bytes[lineStart] === CR)) return true;
    lineStart = i + 1;
  }
  return false;
}

/** Where one may begin anywhere, a head has fields and no bad line: else where to look on, 0 when it is sound so far. */
function unsoundAt(bytes: Uint8Array, start: number, end: number): number {
  const badLine = firstBadLine(bytes, start, end);
  if (badLine >= 0) return badLine;
  const blank = bytes[start] === CR ? start + 1 : start;
  return blank < end && bytes[blank] === LF ? blank + 1 : 0;
}
