import type { DnsFault } from './message.ts';

/** Where a message is being read. One is reused for all messages: reading is synchronous and allocates only results. */
export interface Wire {
  bytes: Uint8Array;
  /** Of the message in `bytes`: compression counts from here. */
  start: number;
  end: number;
  at: number;
  fault: DnsFault | undefined;
  /** Characters of text this message may still produce: compression makes names out of two bytes. */
  budget: number;
}

/** A message holds at most 65,535 bytes; zone transfers of that size need less than this. */
const TEXT_BUDGET = 512 * 1024;
const NOTHING = new Uint8Array(0);

export function createWire(): Wire {
  return { bytes: NOTHING, start: 0, end: 0, at: 0, fault: undefined, budget: 0 };
}

/** Points `wire` at a message. Places outside of `bytes` are moved to its ends. */
export function openWire(wire: Wire, bytes: Uint8Array, range: { start: number; end: number }): void {
  wire.bytes = bytes;
  wire.start = Math.max(0, range.start);
  wire.end = Math.max(wire.start, Math.min(range.end, bytes.length));
  wire.at = wire.start;
  wire.fault = undefined;
  wire.budget = TEXT_BUDGET;
}

/** Lets go of the bytes: they may be a part of something large. */
export function closeWire(wire: Wire): void {
  wire.bytes = NOTHING;
}

export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}
