/** The first bytes of one body, without framing; at most as many as somebody wants to see. */
export interface BodyHead {
  /** Takes the next bytes of the body. They may be reused after the call. */
  add(bytes: Uint8Array, start: number, end: number): void;
  /** Bytes of the body were not seen: what follows does not join. */
  missing(): void;
  /** What was seen from the beginning on. */
  bytes(): Uint8Array;
}

const FIRST_BYTES = 256;

/** Grows with the body up to `maxBytes`. */
export function createBodyHead(maxBytes: number): BodyHead {
  let kept = new Uint8Array(0);
  let used = 0;
  let open = true;
  return {
    add(bytes, start, end) {
      const taken = Math.min(end - start, maxBytes - used);
      if (!open || taken <= 0) return;
      if (used + taken > kept.length) {
        const size = Math.max(used + taken, Math.min(maxBytes, Math.max(FIRST_BYTES, kept.length * 2)));
        const grown = new Uint8Array(size);
        grown.set(kept.subarray(0, used));
        kept = grown;
      }
      kept.set(bytes.subarray(start, start + taken), used);
      used += taken;
    },
    missing() {
      open = false;
    },
    bytes: () => kept.subarray(0, used),
  };
}
