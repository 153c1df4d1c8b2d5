import { Buffer } from 'node:buffer';

/** Cuts a stream of bytes into lines. */
export interface LineCutter {
  /** The lines that end in this chunk; undefined stands for one that was too long. */
  push(chunk: Buffer): (string | undefined)[];
}

const NEWLINE = 0x0a;

/** `maxBytes`: longer lines are passed over. What follows the last line break is never told: it may be half a line. */
export function createLineCutter(maxBytes: number): LineCutter {
  let parts: Buffer[] = [];
  let length = 0;

  function take(piece: Buffer): void {
    length += piece.length;
    if (length <= maxBytes) parts.push(piece);
    else parts = [];
  }

  function finish(): string | undefined {
    const line = length <= maxBytes ? Buffer.concat(parts).toString('utf8') : undefined;
    parts = [];
    length = 0;
    return line;
  }

  return {
    push(chunk) {
      const lines: (string | undefined)[] = [];
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        take(chunk.subarray(from, end));
        lines.push(finish());
        from = end + 1;
      }
      // A copy: the rest of a large chunk must not be kept for a few bytes.
      if (from < chunk.length) take(Buffer.from(chunk.subarray(from)));
      return lines;
    },
  };
}
