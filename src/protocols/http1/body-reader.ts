import type { BodyHead } from '../body-head.ts';
import type { Framing } from './framing.ts';

/** Reads past one body after the other and counts its bytes. */
export interface BodyReader {
  /** Bytes of the body so far, without chunk framing; undefined when some were lost uncounted. */
  readonly seen: number | undefined;
  /** `head` takes the first bytes of the body. */
  start(framing: Exclude<Framing, 'unknown'>, head?: BodyHead): void;
  /** Returns the offset behind what belongs to the body: below `end` only when the body is over or lost. */
  read(bytes: Uint8Array, start: number, end: number): number;
  /**
   * Passes over `length` bytes that were not seen (0: an unknown number). Returns how many of them lie behind the body;
   * -1 when the end of the body is lost.
   */
  skip(length: number): number;
  state(): 'open' | 'done' | 'lost';
  /** The body lasts until its direction ends. */
  readonly closes: boolean;
}

const LF = 10;
const CR = 13;
/** Hexadecimal digits of a chunk size: 13 stay exact. */
const MAX_SIZE_DIGITS = 13;

type Part = 'length' | 'close' | 'size' | 'extension' | 'chunk' | 'chunk-end' | 'trailer' | 'done' | 'lost';

export function createBodyReader(): BodyReader {
  return new Reader();
}

class Reader implements BodyReader {
  seen: number | undefined = 0;
  #part: Part = 'done';
  #left = 0;
  #digits = 0;
  /** Bytes other than CR of the trailer line being read. */
  #lineLength = 0;
  #head: BodyHead | undefined;

  get closes(): boolean {
    return this.#part === 'close';
  }
  state(): 'open' | 'done' | 'lost' {
    return this.#part === 'done' || this.#part === 'lost' ? this.#part : 'open';
  }
  start(framing: Exclude<Framing, 'unknown'>, head?: BodyHead): void {
    this.#head = head;
    this.seen = 0;
    this.#left = 0;
    if (framing === 'chunked') this.#startSize();
    else if (framing === 'close') this.#part = 'close';
    else {
      this.#left = framing;
      this.#part = framing === 0 ? 'done' : 'length';
    }
  }
  read(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.state() === 'open') at = this.#readPart(bytes, at, end);
    return at;
  }
  skip(length: number): number {
    this.#head?.missing();
    if (this.#part === 'close') {
      if (length === 0) this.seen = undefined;
      else this.#count(length);
      return 0;
    }
    const lost = length === 0 || (this.#part !== 'length' && (this.#part !== 'chunk' || length > this.#left));
    if (lost) {
      this.#part = 'lost';
      return -1;
    }
    const behind = Math.max(0, length - this.#left);
    this.#take(length - behind);
    return behind;
  }

  #startSize(): void {
    this.#part = 'size';
    this.#left = 0;
    this.#digits = 0;
  }
  #count(bytes: number): void {
    if (this.seen !== undefined) this.seen += bytes;
  }
  #readPart(bytes: Uint8Array, at: number, end: number): number {
    if (this.#part === 'close') {
      this.#head?.add(bytes, at, end);
      this.#count(end - at);
      return end;
    }
    if (this.#part === 'length' || this.#part === 'chunk') {
      const taken = Math.min(this.#left, end - at);
      this.#head?.add(bytes, at, at + taken);
      this.#take(taken);
      return at + taken;
    }
    this.#frameByte(bytes[at] as number);
    return at + 1;
  }
  /** `length` is at most what is left of the body or chunk. */
  #take(length: number): void {
    this.#count(length);
    this.#left -= length;
    if (this.#left === 0) this.#part = this.#part === 'length' ? 'done' : 'chunk-end';
  }
  #frameByte(code: number): void {
    if (this.#part === 'size') this.#sizeByte(code);
    else if (this.#part === 'extension') {
      if (code === LF) this.#sizeEnds();
    } else if (this.#part === 'chunk-end') {
      if (code === LF) this.#startSize();
      else if (code !== CR) this.#part = 'lost';
    } else this.#trailerByte(code);
  }
  #trailerByte(code: number): void {
    if (code === LF) {
      if (this.#lineLength === 0) this.#part = 'done';
      this.#lineLength = 0;
    } else if (code !== CR) this.#lineLength++;
  }
  #sizeByte(code: number): void {
    const digit = hexDigit(code);
    if (digit >= 0 && this.#digits < MAX_SIZE_DIGITS) {
      this.#left = this.#left * 16 + digit;
      this.#digits++;
    } else if (this.#digits === 0 || digit >= 0) this.#part = 'lost';
    else if (code === LF) this.#sizeEnds();
    else this.#part = isExtension(code) ? 'extension' : 'lost';
  }
  #sizeEnds(): void {
    this.#lineLength = 0;
    this.#part = this.#left === 0 ? 'trailer' : 'chunk';
  }
}

/** What may follow the size: `;`, white space, or the CR of the line end. */
function isExtension(code: number): boolean {
  return code === 59 || code === 32 || code === 9 || code === CR;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
