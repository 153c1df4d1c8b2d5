/** Keeps what a client sent while it is open what language it will be: HTTP, or what it asked to change to. */
export interface HeldData {
  readonly holding: boolean;
  hold(): void;
  /** Keeps a copy; false when it would be too much. */
  add(bytes: Uint8Array, timeMs: number): boolean;
  /** Stops holding; passes on what was kept. */
  release(to: (bytes: Uint8Array, timeMs: number) => void): void;
}

const MAX_BYTES = 16_384;
const MAX_PIECES = 1_024;

export function createHeldData(): HeldData {
  let pieces: { readonly bytes: Uint8Array; readonly timeMs: number }[] = [];
  let size = 0;
  let holding = false;
  return {
    get holding() {
      return holding;
    },
    hold: () => {
      holding = true;
    },
    add: (bytes, timeMs) => {
      if (size + bytes.length > MAX_BYTES || pieces.length === MAX_PIECES) return false;
      pieces.push({ bytes: bytes.slice(), timeMs });
      size += bytes.length;
      return true;
    },
    release: (to) => {
      const kept = pieces;
      pieces = [];
      size = 0;
      holding = false;
      for (const { bytes, timeMs } of kept) to(bytes, timeMs);
    },
  };
}
