import type { Side, StreamConsumer } from '../../model/conversation.ts';
import type { DnsDecoder } from './decoder.ts';
import { isLikelyDnsStream } from './likely.ts';
import type { DnsMessage } from './message.ts';
import { beginsTransfer, createTransferWatch, type TransferWatch } from './zone-transfer.ts';

/** What a direction keeps at first for a message of which only a part has come; grows with what comes. */
const FIRST_BUFFER_BYTES = 512;

export interface DnsTcpCounters {
  /** Messages of which bytes are missing: in a gap, or after the end. */
  cutMessages: number;
  /** Directions in which a gap hid where the next message begins, and the bytes not looked at since. */
  lostDirections: number;
  skippedBytes: number;
}

export function createDnsTcpCounters(): DnsTcpCounters {
  return { cutMessages: 0, lostDirections: 0, skippedBytes: 0 };
}

export interface DnsTcpOptions {
  readonly decoder: DnsDecoder;
  /** May be shared by many streams. */
  readonly counters?: DnsTcpCounters;
  /** Messages of zone transfers have their `transfer`. */
  onMessage(side: Side, message: DnsMessage, timeMs: number): void;
}

export interface DnsTcpStream extends StreamConsumer {
  readonly counters: DnsTcpCounters;
}

/** One direction: where in the present message it is. */
interface Direction {
  /** How many of the two length octets have come, and the length so far. */
  lengthOctets: number;
  length: number;
  /** Octets of the message that are kept (or, after a gap in it, passed by). */
  have: number;
  buffer: Uint8Array;
  /** Octets of the present message are missing: pass by the rest. */
  broken: boolean;
  lost: boolean;
}

/**
 * DNS over TCP (RFC 1035 4.2.2, RFC 7766): takes the messages out of a stream, however it is split. Where a gap hid the
 * beginning of a message, it goes on with the first segment that begins with a whole one.
 */
export function createDnsTcpStream(options: DnsTcpOptions): DnsTcpStream {
  const { decoder, counters = createDnsTcpCounters() } = options;
  const directions = { client: createDirection(), server: createDirection() };
  let transfers: TransferWatch | undefined;

  function data(side: Side, bytes: Uint8Array, timeMs: number): void {
    const direction = directions[side];
    if (direction.lost && beginsWithMessage(bytes)) direction.lost = false;
    if (direction.lost) counters.skippedBytes += bytes.length;
    for (let at = 0; at < bytes.length && !direction.lost; ) {
      at = direction.lengthOctets < 2 ? takeLength(direction, bytes, at) : takeBody(direction, bytes, at);
      if (direction.lengthOctets < 2 || direction.have < direction.length) continue;
      if (!direction.broken) deliver(side, bytes, { end: at, timeMs });
      reset(direction);
    }
  }

  function deliver(side: Side, bytes: Uint8Array, { end, timeMs }: { end: number; timeMs: number }): void {
    const { buffer, length } = directions[side];
    const message =
      buffer.length > 0 ? decoder.decode(buffer, 0, length) : decoder.decode(bytes, end - length, end);
    if (message !== undefined) options.onMessage(side, placed(side, message), timeMs);
  }

  function placed(side: Side, message: DnsMessage): DnsMessage {
    if (!message.response || (transfers === undefined && !beginsTransfer(message))) return message;
    transfers ??= createTransferWatch();
    return transfers.place(side, message);
  }

  function gap(side: Side, length: number, aligned: boolean): void {
    const direction = directions[side];
    transfers?.gap(side);
    if (isInside(direction) && !direction.broken) counters.cutMessages++;
    if (aligned) {
      reset(direction);
      direction.lost = false;
    } else if (!direction.lost && !skipWithin(direction, length)) {
      reset(direction);
      direction.lost = true;
      counters.lostDirections++;
    }
  }

  function end(timeMs: number): void {
    for (const direction of [directions.client, directions.server]) {
      if (isInside(direction) && !direction.broken) counters.cutMessages++;
      reset(direction);
    }
    for (const [side, word] of transfers?.unfinished() ?? []) options.onMessage(side, word, timeMs);
    transfers = undefined;
  }

  return { data, gap, end, counters };
}

function createDirection(): Direction {
  return { lengthOctets: 0, length: 0, have: 0, buffer: NOTHING, broken: false, lost: false };
}

/** Most messages begin a segment; one whose names and records fill it exactly is no chance. */
function beginsWithMessage(bytes: Uint8Array): boolean {
  const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  return 2 + length <= bytes.length && isLikelyDnsStream(bytes, 0, bytes.length);
}

const NOTHING = new Uint8Array(0);
const isInside = (direction: Direction) => direction.lengthOctets > 0;

function reset(direction: Direction): void {
  direction.lengthOctets = 0;
  direction.length = 0;
  direction.have = 0;
  direction.buffer = NOTHING;
  direction.broken = false;
}

function takeLength(direction: Direction, bytes: Uint8Array, at: number): number {
  direction.length = (direction.length << 8) | (bytes[at] ?? 0);
  direction.lengthOctets++;
  return at + 1;
}

/** Takes what `bytes` hold of the message. One that is all in there is not copied. */
function takeBody(direction: Direction, bytes: Uint8Array, at: number): number {
  const take = Math.min(direction.length - direction.have, bytes.length - at);
  if (!direction.broken && (direction.have > 0 || take < direction.length)) {
    makeRoom(direction, direction.have + take);
    direction.buffer.set(bytes.subarray(at, at + take), direction.have);
  }
  direction.have += take;
  return at + take;
}

function makeRoom(direction: Direction, needed: number): void {
  if (needed <= direction.buffer.length) return;
  const grown = new Uint8Array(Math.max(FIRST_BUFFER_BYTES, needed, 2 * direction.buffer.length));
  grown.set(direction.buffer.subarray(0, direction.have));
  direction.buffer = grown;
}

/**
 * A gap of known length that ends inside the message it began in, or with it, hides no beginning: the rest of that
 * message is passed by and the next one read.
 */
function skipWithin(direction: Direction, length: number): boolean {
  const missing = direction.length - direction.have;
  if (direction.lengthOctets < 2 || length === 0 || length > missing) return false;
  direction.broken = true;
  direction.buffer = NOTHING;
  direction.have += length;
  if (direction.have === direction.length) reset(direction);
  return true;
}
