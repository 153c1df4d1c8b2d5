import { writeSync } from 'node:fs';
import process from 'node:process';
import { EXIT } from '../../model/errors.ts';

export const STDOUT = 1;
const WAIT_MS = 2;

/** Writes bytes, gives how many; throws what `fs.writeSync` throws. */
export type WriteBytes = (bytes: Uint8Array, offset: number) => number;

const toStdout: WriteBytes = (bytes, offset) => writeSync(STDOUT, bytes, offset);
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes all of a text to standard output and waits for a slow reader. A stream would keep in memory what a pipe does not
 * take at once, without bound, and lose it when the process ends. Does not return when the reader has gone.
 */
export function writeBlocking(text: string, write: WriteBytes = toStdout): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += write(bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(EXIT.readerGone);
      // The pipe is full, and another program made it one that does not block.
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, WAIT_MS);
    }
  }
}
