import { SourceProblem } from './byte-source.ts';

/** Holds the longest record that is accepted, and room to read on behind it. */
const CAPACITY = 4 << 20;

/**
 * A window that slides over a stream of bytes: what was not taken yet stays in front, new bytes come in behind.
 * `bytes[at, end)` is what is there; `bytes[at]` is byte `offset` of the stream.
 */
export interface ByteWindow {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  end: number;
  /** Position of `at` in the stream. */
  offset(): number;
  /** Brings in more bytes, moving those in the window; false at the end of the stream. */
  fill(): Promise<boolean>;
  /** Fills until `size` bytes are there; false when the stream ends before. At most `CAPACITY`. */
  need(size: number): Promise<boolean>;
  /** Leaves out bytes, more than the window can hold if need be; false when the stream ends before. */
  skip(size: number): Promise<boolean>;
  /** Why the stream ended before its end, if it did. */
  fault(): string | undefined;
}

export function createByteWindow(pieces: AsyncGenerator<Uint8Array, void>): ByteWindow {
  const bytes = new Uint8Array(CAPACITY);
  let piece: Uint8Array = new Uint8Array(0);
  let taken = 0;
  let base = 0;
  let fault: string | undefined;
  let ended = false;

  async function nextPiece(): Promise<boolean> {
    if (ended) return false;
    try {
      const next = await pieces.next();
      if (!next.done) {
        piece = next.value;
        taken = 0;
        return true;
      }
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error;
      fault = error.message;
    }
    ended = true;
    return false;
  }
  function slide(): void {
    if (window.at === 0) return;
    bytes.copyWithin(0, window.at, window.end);
    base += window.at;
    window.end -= window.at;
    window.at = 0;
  }

  const window: ByteWindow = {
    bytes,
    view: new DataView(bytes.buffer),
    at: 0,
    end: 0,
    offset: () => base + window.at,
    async fill() {
      while (taken === piece.length) if (!(await nextPiece())) return false;
      slide();
      const size = Math.min(piece.length - taken, CAPACITY - window.end);
      bytes.set(piece.subarray(taken, taken + size), window.end);
      taken += size;
      window.end += size;
      return size > 0;
    },
    async need(size) {
      while (window.end - window.at < size) if (!(await window.fill())) return false;
      return true;
    },
    async skip(size) {
      let left = size;
      for (;;) {
        const here = Math.min(left, window.end - window.at);
        window.at += here;
        left -= here;
        if (left === 0) return true;
        if (!(await window.fill())) return false;
      }
    },
    fault: () => fault,
  };
  return window;
}
