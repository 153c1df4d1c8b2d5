/** A part of a message being read from front to back. Reading past the end gives zeros and sets `overrun`. */
export class Octets {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  overrun = false;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  number(octets: 1 | 2 | 3): number {
    if (!this.#has(octets)) return 0;
    let value = 0;
    for (let i = 0; i < octets; i++) value = (value << 8) | (this.bytes[this.at++] ?? 0);
    return value;
  }

  skip(octets: number): void {
    if (this.#has(octets)) this.at += octets;
  }

  /** A vector of TLS: so many octets of length, then that many octets. Empty when it does not fit. */
  vector(lengthOctets: 1 | 2): Octets {
    const length = this.number(lengthOctets);
    const from = this.at;
    this.skip(length);
    return new Octets(this.bytes, from, this.at);
  }

  #has(octets: number): boolean {
    if (this.left >= octets) return true;
    this.overrun = true;
    this.at = this.end;
    return false;
  }
}
