/** Frame types of RFC 9113, section 6. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export const FRAME_HEADER_BYTES = 9;
/** Frames above it are sent only to a peer that asked for them (SETTINGS_MAX_FRAME_SIZE). */
export const DEFAULT_MAX_FRAME = 16_384;

/** What a client sends first. */
export const PREFACE: Uint8Array = Uint8Array.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', (char) =>
  char.charCodeAt(0),
);

export interface FrameHeader {
  length: number;
  type: number;
  flags: number;
  streamId: number;
}

/** Reads the nine bytes of a frame header into `into`. The reserved bit of the stream id is dropped. */
export function readFrameHeader(bytes: Uint8Array, at: number, into: FrameHeader): void {
  into.length = (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8) | byteAt(bytes, at + 2);
  into.type = byteAt(bytes, at + 3);
  into.flags = byteAt(bytes, at + 4);
  const high = ((byteAt(bytes, at + 5) & 0x7f) << 24) | (byteAt(bytes, at + 6) << 16);
  into.streamId = high | (byteAt(bytes, at + 7) << 8) | byteAt(bytes, at + 8);
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

export function copyFrameHeader(from: Readonly<FrameHeader>, into: FrameHeader): void {
  into.length = from.length;
  into.type = from.type;
  into.flags = from.flags;
  into.streamId = from.streamId;
}

type Rule = (frame: FrameHeader) => boolean;

const onStream: Rule = ({ streamId }) => streamId !== 0;
const onConnection: Rule = ({ streamId }) => streamId === 0;

/** What RFC 9113 asks of the header of each frame type, by type. */
const RULES: readonly Rule[] = [
  (frame) => onStream(frame) && frame.length >= prefixBytes(frame),
  (frame) => onStream(frame) && frame.length >= prefixBytes(frame),
  (frame) => onStream(frame) && frame.length === 5,
  (frame) => onStream(frame) && frame.length === 4,
  (frame) =>
    onConnection(frame) && ((frame.flags & FLAG.ack) === 0 ? frame.length % 6 === 0 : frame.length === 0),
  (frame) => onStream(frame) && frame.length >= 4 + prefixBytes(frame),
  (frame) => onConnection(frame) && frame.length === 8,
  (frame) => onConnection(frame) && frame.length >= 8,
  (frame) => frame.length === 4,
  onStream,
];

/** Pad length and priority before the payload proper. */
function prefixBytes({ type, flags }: FrameHeader): number {
  const padded = (flags & FLAG.padded) === 0 ? 0 : 1;
  return type === FRAME.headers && (flags & FLAG.priority) !== 0 ? padded + 5 : padded;
}

/** The header keeps the rules of its type. Types that RFC 9113 does not know are free. */
export function isLegalFrame(frame: FrameHeader): boolean {
  return RULES[frame.type]?.(frame) ?? true;
}

/** Flags that each type defines. Others are never set by a sender. */
const FLAGS = [0x09, 0x2d, 0, 0, 0x01, 0x0c, 0x01, 0, 0, 0x04] as const;

/**
 * The header can be taken for one of a frame where it is not known that a frame begins: a known type without strange
 * flags, of usual length, on a stream that a client may open (pushed streams are rare, and not taken).
 */
export function isPlausibleFrame(bytes: Uint8Array, at: number, into: FrameHeader): boolean {
  readFrameHeader(bytes, at, into);
  const { length, type, flags, streamId } = into;
  if (length > DEFAULT_MAX_FRAME || type > FRAME.continuation) return false;
  if ((flags & ~(FLAGS[type] as number)) !== 0 || ((bytes[at + 5] as number) & 0x80) !== 0) return false;
  if (streamId !== 0 && (streamId & 1) === 0) return false;
  const isEmptyFragment = length === 0 && (type === FRAME.headers || type === FRAME.continuation);
  const isIdleData = length === 0 && type === FRAME.data && (flags & FLAG.endStream) === 0;
  return !isEmptyFragment && !isIdleData && isLegalFrame(into);
}

/** Streams that are open at one time are not farther apart; 0 is the connection. */
const MAX_DISTANCE = 2_000;

/** Frames of both streams can stand next to each other. */
export function areNear(streamId: number, other: number): boolean {
  return streamId === 0 || other === 0 || Math.abs(streamId - other) <= MAX_DISTANCE;
}
