import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Per rank: all alerts up to this sequence number are done with. */
export type Positions = readonly number[];

/**
 * Two slots that are written in turn, so that one is whole whenever the program dies. A slot: CRC-32 u32 of what
 * follows, count u32, generation f64, the positions as f64.
 */
const SLOT_BYTES = 128;
const HEADER_BYTES = 16;

interface Slot {
  readonly generation: number;
  readonly positions: Positions;
}

function encode({ generation, positions }: Slot): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES);
  slot.writeUInt32LE(positions.length, 4);
  slot.writeDoubleLE(generation, 8);
  for (const [index, seq] of positions.entries()) slot.writeDoubleLE(seq, HEADER_BYTES + index * 8);
  slot.writeUInt32LE(crc32(slot.subarray(4)), 0);
  return slot;
}

function decode(slot: Buffer): Slot | undefined {
  if (slot.length < SLOT_BYTES || crc32(slot.subarray(4)) !== slot.readUInt32LE(0)) return undefined;
  const count = slot.readUInt32LE(4);
  if (count > (SLOT_BYTES - HEADER_BYTES) / 8) return undefined;
  const positions = Array.from({ length: count }, (_, i) => slot.readDoubleLE(HEADER_BYTES + i * 8));
  return { generation: slot.readDoubleLE(8), positions };
}

/** How far a destination has come. Never ahead of the truth: what is lost of it costs repeats, not alerts. */
export interface Cursor {
  /** As it was found; empty when there was none, or none that is whole. */
  readonly found: Positions;
  /** Throws the file system's error. Not synced: the page cache outlives the process, a power cut costs repeats. */
  write(positions: Positions): void;
  close(): void;
}

/** Takes the room while there is some: alerts may fill the disk. Without it what is delivered may be repeated, as told then. */
function reserve(fd: number, size: number): void {
  try {
    const missing = Buffer.alloc(2 * SLOT_BYTES - size);
    writeSync(fd, missing, 0, missing.length, size);
  } catch {
    // Told when it is written to.
  }
}

/** Opens or makes the file. Throws the file system's error. */
export function openCursor(path: string): Cursor {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  const bytes = Buffer.alloc(2 * SLOT_BYTES);
  const size = readSync(fd, bytes, 0, bytes.length, 0);
  reserve(fd, size);
  const slots = [0, SLOT_BYTES].flatMap(
    (at) => decode(bytes.subarray(at, Math.min(size, at + SLOT_BYTES))) ?? [],
  );
  const latest = slots.toSorted((a, b) => b.generation - a.generation)[0];
  let generation = latest?.generation ?? 0;
  return {
    found: latest?.positions ?? [],
    write(positions) {
      generation += 1;
      writeSync(fd, encode({ generation, positions }), 0, SLOT_BYTES, (generation % 2) * SLOT_BYTES);
    },
    close: () => closeSync(fd),
  };
}
