import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { reasonOf } from './find-files.ts';

/** The text of a file, or why there is none. */
export type RegularText =
  | { readonly text: string }
  | { readonly code: 'file-unreadable' | 'file-size'; readonly reason: string };

/** Reads a regular file of at most `maxBytes`. Never throws, never waits. */
export function readRegular(path: string, maxBytes: number): RegularText {
  let descriptor: number | undefined;
  try {
    // Non-blocking: opening a named pipe without a writer would wait for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return { code: 'file-unreadable', reason: 'not a regular file' };
    if (stats.size > maxBytes) {
      const reason = `the file has ${stats.size} bytes; the limit is ${maxBytes} (${maxBytes >> 20} MiB)`;
      return { code: 'file-size', reason };
    }
    return { text: readFileSync(descriptor, 'utf8') };
  } catch (error) {
    return { code: 'file-unreadable', reason: reasonOf(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
