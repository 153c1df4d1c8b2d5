import { type FileHandle, open } from 'node:fs/promises';
import { stdin } from 'node:process';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { TelegenError } from '../../model/errors.ts';
import { captureError } from './capture-error.ts';

/** Where a capture comes from: a path, `-` for standard input, or bytes in pieces of any size. */
export type CaptureSource = string | AsyncIterable<Uint8Array>;

const READ_BYTES = 1 << 20;
/** Small, so that what one piece can expand to (1,032 times at most) stays moderate. */
const COMPRESSED_BYTES = 16 << 10;
const GZIP_MAGIC = [0x1f, 0x8b];

/** Reading stopped before the end of the source. */
export class SourceProblem extends Error {}

/**
 * Bytes of a source in pieces, decompressed when they are gzip. A piece is good until the next is asked for. `onRead`
 * learns how many bytes were read, before they are decompressed.
 */
export async function* openBytes(
  source: CaptureSource,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  const name = sourceName(source);
  const pieces = counted(await rawPieces(source), onRead);
  try {
    const head: Uint8Array[] = [];
    let size = 0;
    while (size < GZIP_MAGIC.length) {
      const next = await firstPiece(pieces, name);
      if (next === undefined) break;
      head.push(new Uint8Array(next));
      size += next.length;
    }
    const first = head.length === 1 ? (head[0] as Uint8Array) : Buffer.concat(head);
    const all = behind(first, pieces);
    const isGzip = GZIP_MAGIC.every((byte, index) => first[index] === byte);
    yield* isGzip ? gunzip(all) : all;
  } finally {
    await pieces.return();
  }
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of pieces) {
    onRead(piece.length);
    yield piece;
  }
}

export function sourceName(source: CaptureSource): string {
  if (source === '-') return 'standard input';
  return typeof source === 'string' ? source : 'the capture';
}

async function rawPieces(source: CaptureSource): Promise<AsyncIterable<Uint8Array>> {
  if (source === '-') return stdin;
  if (typeof source !== 'string') return source;
  try {
    const file = await open(source, 'r');
    return filePieces(file);
  } catch (cause) {
    throw unreadable(source, cause);
  }
}

async function* filePieces(file: FileHandle): AsyncGenerator<Uint8Array, void> {
  // A pipe may have nothing more for a long time: only files are read ahead.
  const isAhead = (await file.stat()).isFile();
  const [first, second] = [new Uint8Array(READ_BYTES), new Uint8Array(isAhead ? READ_BYTES : 0)];
  const read = (into: Uint8Array): ReturnType<typeof file.read> => file.read(into, 0, READ_BYTES, null);
  let pending: ReturnType<typeof file.read> | undefined;
  try {
    for (let turn = 0; ; turn++) {
      const [piece, next] = isAhead && turn % 2 === 1 ? [second, first] : [first, second];
      const { bytesRead } = await (pending ?? read(piece));
      if (bytesRead === 0) return;
      pending = isAhead ? read(next) : undefined;
      // Its failure is told when the piece is asked for.
      pending?.catch(() => {});
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await pending?.catch(() => {});
    await file.close();
  }
}

/** A source that fails with its first piece is unreadable; one that fails later has told something. */
async function firstPiece(pieces: AsyncIterator<Uint8Array>, name: string): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await pieces.next();
    return done ? undefined : value;
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

function unreadable(name: string, cause: unknown): TelegenError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return captureError(
    `${name}: cannot be read: ${reason}; name a capture file, or - for standard input`,
    cause,
  );
}

async function* behind(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  if (first.length > 0) yield first;
  for (;;) {
    const next = await rest.next().catch((cause: unknown) => {
      throw new SourceProblem(`reading failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    });
    if (next.done) return;
    yield next.value;
  }
}

/**
 * What could be decompressed is given before the stream's fault is told: iterating a gunzip stream would throw away
 * what it holds when the fault is found, and how much that is depends on timing.
 */
async function* gunzip(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const stream = createGunzip();
  const ready: Uint8Array[] = [];
  let fault: Error | undefined;
  stream.on('data', (bytes: Uint8Array) => ready.push(bytes));
  stream.on('error', (error) => {
    fault = error;
  });
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length && fault === undefined; at += COMPRESSED_BYTES) {
        // The stream may hold on to what it is given longer than the source does.
        const part = new Uint8Array(piece.subarray(at, at + COMPRESSED_BYTES));
        await write(stream, part);
        yield* ready.splice(0);
      }
      if (fault !== undefined) break;
    }
    if (fault === undefined) await end(stream);
    yield* ready.splice(0);
    if (fault !== undefined) throw new SourceProblem(`the gzip data is damaged or cut: ${fault.message}`);
  } finally {
    stream.destroy();
  }
}

/** Waits until a piece is decompressed; a stream that fails may only close. */
function write(stream: Gunzip, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('close', done);
      resolve();
    };
    stream.once('close', done);
    stream.write(bytes, done);
  });
}

/** That the data was cut shows only after the last byte: the stream closes behind its fault. */
function end(stream: Gunzip): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.end();
  });
}
