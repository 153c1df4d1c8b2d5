import type { Side } from '../../model/conversation.ts';

/** Bytes that came before those in front of them. `bytes` is missing when nobody wants the stream. */
export interface Piece {
  readonly start: number;
  readonly length: number;
  readonly bytes: Uint8Array | undefined;
}

/**
 * One direction of a flow. Sequence numbers are signed 32-bit and only ever compared by their difference. For UDP only
 * the counters are used.
 */
export interface Half {
  side: Side;
  /** Payload bytes sent: each byte of a TCP stream once, seen or acknowledged. */
  bytes: number;
  segments: number;
  retransmits: number;
  /** Where the stream stands is known. */
  started: boolean;
  /** The SYN was seen, or acknowledged: the first byte is known. */
  startKnown: boolean;
  startTold: boolean;
  isn: number;
  hasIsn: boolean;
  /** The next byte to be given. */
  next: number;
  /** Behind the highest byte that was sent. */
  top: number;
  /** Highest acknowledgment of the other side. */
  acked: number;
  hasAck: boolean;
  /** Sequence number of the FIN, which is behind the last byte. */
  finAt: number;
  hasFin: boolean;
  /** Receive window that this side offers, and its scale; -1 when the scale is not known. */
  window: number;
  windowScale: number;
  /** In order, without overlaps, all behind `next`. */
  pieces: Piece[];
  buffered: number;
}

export function createHalf(side: Side): Half {
  return {
    side,
    bytes: 0,
    segments: 0,
    retransmits: 0,
    started: false,
    startKnown: false,
    startTold: false,
    isn: 0,
    hasIsn: false,
    next: 0,
    top: 0,
    acked: 0,
    hasAck: false,
    finAt: 0,
    hasFin: false,
    window: 0,
    windowScale: -1,
    pieces: NO_PIECES,
    buffered: 0,
  };
}

/** Makes a used half as good as new. Numbers that a flag guards may keep what they were. */
export function resetHalf(half: Half): void {
  half.bytes = half.segments = half.retransmits = 0;
  half.started = half.startKnown = half.startTold = false;
  half.hasIsn = half.hasAck = half.hasFin = false;
  half.next = half.top = half.window = half.buffered = 0;
  half.windowScale = -1;
  half.pieces = NO_PIECES;
}

/** Shared by all directions in which everything came in order, which is nearly all; never written. */
export const NO_PIECES: Piece[] = [];
Object.freeze(NO_PIECES);

/** How far `a` is ahead of `b`. */
export function ahead(a: number, b: number): number {
  return (a - b) | 0;
}

export function plus(sequence: number, bytes: number): number {
  return (sequence + bytes) | 0;
}

/** Begins a stream at its first byte, or somewhere in the middle. */
export function startHalf(half: Half, next: number, isFirstByte: boolean): void {
  half.started = true;
  half.startKnown = isFirstByte;
  half.next = half.top = next;
}

/** Where the other side expects the next byte of this direction, its FIN counted. */
export function expectedNext({ next, hasFin, finAt, hasAck, acked }: Half): number {
  const behind = hasFin && next === finAt ? plus(finAt, 1) : next;
  return hasAck && ahead(acked, behind) > 0 ? acked : behind;
}

/** The FIN of this direction has been acknowledged. */
export function isFinAcked({ hasFin, hasAck, acked, finAt }: Half): boolean {
  return hasFin && hasAck && ahead(acked, finAt) > 0;
}
