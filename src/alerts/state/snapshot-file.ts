import { constants } from 'node:fs';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';

/** One thing to remember: what kind it is, and plain data (whatever a structured clone can hold). */
export interface Remembered {
  readonly kind: string;
  readonly value: unknown;
}

/**
 * A file: magic with the version, then frames. A frame: payload bytes u32, CRC-32 u32 of the payload, payload: an array of
 * things. The last frame is empty: without it the file is cut off.
 */
const MAGIC = Buffer.from('telegen state 1\n', 'latin1');
const FRAME_HEADER_BYTES = 8;
const THINGS_PER_FRAME = 256;
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** A larger file is neither written nor believed. */
export const MAX_STATE_BYTES = 67_108_864;

export interface Written {
  readonly things: number;
  /** Did not fit. */
  readonly leftOut: number;
}

function frame(things: readonly Remembered[]): Buffer {
  const payload = things.length === 0 ? Buffer.alloc(0) : serialize(things);
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32LE(payload.length, 0);
  header.writeUInt32LE(crc32(payload), 4);
  return Buffer.concat([header, payload]);
}

/** Frames of what is given, other work passing in between. */
async function encode(things: Iterable<Remembered>): Promise<Written & { readonly bytes: Buffer }> {
  const frames: Buffer[] = [MAGIC];
  const counts = { things: 0, leftOut: 0 };
  let size = MAGIC.length + FRAME_HEADER_BYTES;
  let batch: Remembered[] = [];
  const close = (): void => {
    const next = frame(batch);
    const fits = size + next.length <= MAX_STATE_BYTES;
    if (fits) frames.push(next);
    size += fits ? next.length : 0;
    counts[fits ? 'things' : 'leftOut'] += batch.length;
    batch = [];
  };
  for (const thing of things) {
    batch.push(thing);
    if (batch.length < THINGS_PER_FRAME) continue;
    close();
    await turn();
  }
  if (batch.length > 0) close();
  frames.push(frame([]));
  return { ...counts, bytes: Buffer.concat(frames) };
}

/** Replaces the file: a crash leaves the old one or the new one, whole. Throws the file system's error. */
export async function writeSnapshot(path: string, things: Iterable<Remembered>): Promise<Written> {
  const { bytes, ...counts } = await encode(things);
  const temporary = `${path}.new`;
  const file = await open(temporary, FLAGS, 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  return counts;
}

function decode(bytes: Buffer): Remembered[] {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new Error('it is of another version, or no state at all');
  const things: Remembered[] = [];
  for (let at = MAGIC.length; at + FRAME_HEADER_BYTES <= bytes.length; ) {
    const size = bytes.readUInt32LE(at);
    const payload = bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + size);
    if (payload.length < size || crc32(payload) !== bytes.readUInt32LE(at + 4))
      throw new Error('it is damaged');
    if (size === 0) return things;
    for (const thing of deserialize(payload) as Remembered[]) things.push(thing);
    at += FRAME_HEADER_BYTES + size;
  }
  throw new Error('its end is missing');
}

/** What was remembered; undefined when there is no file. Throws when it cannot be read or believed: all of it, then. */
export async function readSnapshot(path: string): Promise<readonly Remembered[] | undefined> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  if (found.size > MAX_STATE_BYTES) throw new Error('it is too large');
  return decode(await readFile(path));
}
