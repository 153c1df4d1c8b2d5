const HANDSHAKE_HEADER_BYTES = 4;
const CLIENT_HELLO = 1;
/** Hellos with post-quantum keys have about 2 KiB. */
const MAX_HELLO_BYTES = 65_536;
/** Browsers send some ten. */
const MAX_PIECES = 256;
/** Roughly what a piece costs beside its bytes. */
const PIECE_OVERHEAD_BYTES = 200;

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly data: Uint8Array;
}

/** A ClientHello that is put together from pieces in any order; of what comes twice, the first counts. */
export interface HelloPieces {
  /** What it holds, its own needs included. */
  readonly bytes: number;
  /** Copies what it keeps. */
  readonly add: (offset: number, data: Uint8Array) => void;
  /** The whole message with its header; undefined while something is missing; else why there will be none. */
  read(): Uint8Array | 'malformed' | 'too-large' | undefined;
}

export function createHelloPieces(): HelloPieces {
  /** In order, and without overlap. */
  const pieces: Piece[] = [];
  /** Pieces from the first byte on without a gap, and where they end. */
  let joined = 0;
  let joinedTo = 0;
  let bytes = 0;
  let tooLarge = false;

  /** The first piece that ends behind `at`, which is not in front of `joinedTo`. */
  function indexBehind(at: number): number {
    let low = joined;
    let high = pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pieces[middle]?.to ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function insert(index: number, from: number, data: Uint8Array): void {
    if (pieces.length >= MAX_PIECES) {
      tooLarge = true;
      return;
    }
    pieces.splice(index, 0, { from, to: from + data.length, data: new Uint8Array(data) });
    bytes += data.length + PIECE_OVERHEAD_BYTES;
  }

  function join(): void {
    for (let next = pieces[joined]; next?.from === joinedTo; next = pieces[joined]) {
      joinedTo = next.to;
      joined++;
    }
  }

  function first(length: number): Uint8Array {
    const [piece] = pieces;
    if (piece !== undefined && piece.to >= length) return piece.data.subarray(0, length);
    const all = new Uint8Array(length);
    for (const { from, to, data } of pieces) {
      if (from >= length) break;
      all.set(to > length ? data.subarray(0, length - from) : data, from);
    }
    return all;
  }

  return {
    get bytes() {
      return bytes;
    },
    add(offset, data) {
      const end = offset + data.length;
      if (end > MAX_HELLO_BYTES) tooLarge = true;
      let at = Math.max(offset, joinedTo);
      for (let index = indexBehind(at); at < end && !tooLarge; index++) {
        const next = pieces[index];
        const to = Math.min(end, next?.from ?? end);
        if (at < to) insert(index, at, data.subarray(at - offset, to - offset));
        else at = next?.to ?? end;
        at = Math.max(at, to);
      }
      join();
    },
    read() {
      if (tooLarge) return 'too-large';
      if (joinedTo < HANDSHAKE_HEADER_BYTES) return undefined;
      const [type, high = 0, middle = 0, low = 0] = first(HANDSHAKE_HEADER_BYTES);
      const end = HANDSHAKE_HEADER_BYTES + (high * 256 + middle) * 256 + low;
      if (type !== CLIENT_HELLO) return 'malformed';
      if (end > MAX_HELLO_BYTES) return 'too-large';
      return joinedTo < end ? undefined : first(end);
    },
  };
}
