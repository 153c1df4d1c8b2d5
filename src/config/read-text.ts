import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Reads a whole file; throws an error with a `code` as node:fs does. Replaceable in tests. */
export type ReadFile = (path: string, maxBytes: number) => Uint8Array;

export type TextResult = { readonly text: string } | { readonly problem: string };

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file (a part of the path is not a folder)',
  EISDIR: 'is a folder; name the file in it',
  EACCES: 'permission denied; make it readable for the user that runs telegen',
  EPERM: 'permission denied; make it readable for the user that runs telegen',
  ELOOP: 'too many symbolic links',
};

/** The text of a small UTF-8 file, or why there is none. Never throws, never waits, never reads beyond `maxBytes` + 1. */
export function readText(path: string, maxBytes: number, readFile: ReadFile = readRegularFile): TextResult {
  try {
    const bytes = readFile(path, maxBytes);
    if (bytes.length > maxBytes) return { problem: `larger than ${maxBytes} bytes; is it the right file?` };
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    return { problem: cause(error) };
  }
}

function cause(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'not UTF-8 text; save it as UTF-8';
  return CAUSES[code] ?? `cannot be read: ${error.message}`;
}

/** O_NONBLOCK: opening a named pipe without a writer would wait for ever. */
function readRegularFile(path: string, maxBytes: number): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
    if (!stats.isFile()) throw new Error('not a regular file');
    return readUpTo(fd, maxBytes + 1);
  } finally {
    closeSync(fd);
  }
}

function readUpTo(fd: number, limit: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(limit);
  let length = 0;
  while (length < limit) {
    const count = readSync(fd, buffer, length, limit - length, null);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}
