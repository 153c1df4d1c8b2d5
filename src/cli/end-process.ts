import type { Writable } from 'node:stream';

/** For the last lines to reach a slow reader. */
const LAST_WORDS_MS = 200;

/**
 * Ends the process with the code once stderr has taken everything, or its time is over. For the ends of `run`: nothing
 * that still waits for the network, a reader or a timer may keep the program from ending.
 */
export async function endProcess(code: number, stderr: Writable = process.stderr): Promise<never> {
  if (stderr.writableLength > 0) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, LAST_WORDS_MS);
      stderr.once('drain', resolve).once('error', () => resolve());
    });
  }
  process.exit(code);
}
