/** Counts the messages of one direction of a call by their five-byte prefixes, over any pieces. */
export interface MessageCounter {
  /** Whole messages so far; undefined once a prefix was missed or bytes are no messages. */
  readonly count: number | undefined;
  data(bytes: Uint8Array, start: number, end: number): void;
  /** So many bytes were not seen: harmless where they belong to the message whose prefix was the last. */
  missing(length: number): void;
}

const PREFIX_BYTES = 5;

export function createMessageCounter(): MessageCounter {
  return new Counter();
}

class Counter implements MessageCounter {
  count: number | undefined = 0;
  #prefixUsed = 0;
  #left = 0;

  missing(length: number): void {
    if (length === 0) return;
    if (this.#prefixUsed < PREFIX_BYTES || length > this.#left) this.count = undefined;
    this.#left -= length;
    if (this.#left === 0) this.#messageEnds();
  }
  data(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && this.count !== undefined) {
      if (this.#prefixUsed < PREFIX_BYTES) this.#prefixByte(bytes[at++] as number);
      else {
        const taken = Math.min(end - at, this.#left);
        this.#left -= taken;
        at += taken;
      }
      if (this.#prefixUsed === PREFIX_BYTES && this.#left === 0) this.#messageEnds();
    }
  }
  #prefixByte(byte: number): void {
    if (this.#prefixUsed++ > 0) this.#left = this.#left * 256 + byte;
    else if (byte > 1) this.count = undefined;
  }
  #messageEnds(): void {
    if (this.count !== undefined) this.count++;
    this.#prefixUsed = 0;
    this.#left = 0;
  }
}
