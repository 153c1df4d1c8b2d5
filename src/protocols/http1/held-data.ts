/** Keeps what a client sent while it is open what language it will be: HTTP, or what it asked to change to. */
export class HeldData {
  #pieces: { readonly bytes: Uint8Array; readonly timeMs: number }[] = [];
  #size = 0;

  /** Keeps a copy; false when it would be too much. */
  add(bytes: Uint8Array, timeMs: number): boolean {
    if (this.#size + bytes.length > MAX_BYTES || this.#pieces.length === MAX_PIECES) return false;
    this.#pieces.push({ bytes: bytes.slice(), timeMs });
    this.#size += bytes.length;
    return true;
  }
  /** Passes on what was kept. */
  release(to: (bytes: Uint8Array, timeMs: number) => void): void {
    const kept = this.#pieces;
    this.#pieces = [];
    this.#size = 0;
    for (const { bytes, timeMs } of kept) to(bytes, timeMs);
  }
}

const MAX_BYTES = 16_384;
const MAX_PIECES = 1_024;
