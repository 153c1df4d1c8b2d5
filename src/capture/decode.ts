import type {
  ConnectionEvent,
  ConnectionPhase,
  ConnectionStats,
  EndReason,
  ProcessEvent,
} from '../model/event.ts';
import { decodeExec, decodeExit } from './decode-process.ts';
import {
  AT_CONNECTION_ATTRIBUTION,
  AT_CONNECTION_COOKIE,
  AT_CONNECTION_END_BEGAN_NS,
  AT_CONNECTION_END_BYTES_RECEIVED,
  AT_CONNECTION_END_BYTES_SENT,
  AT_CONNECTION_END_MIN_RTT_US,
  AT_CONNECTION_END_REASON,
  AT_CONNECTION_END_RETRANSMITS,
  AT_CONNECTION_END_SEGMENTS_RECEIVED,
  AT_CONNECTION_END_SEGMENTS_SENT,
  AT_CONNECTION_END_SPOKEN,
  AT_CONNECTION_ERROR,
  AT_CONNECTION_OWNER,
  AT_CONNECTION_PHASE,
  AT_CONNECTION_RTT_US,
  AT_CONNECTION_TUPLE,
  AT_HEAD_FLAGS,
  AT_HEAD_KIND,
  AT_HEAD_SIZE,
  AT_HEAD_TIME_NS,
  AT_PAYLOAD_LENGTH,
  AT_STREAM_CLOSED_COOKIE,
  AT_STREAM_CLOSED_KNOWN,
  AT_STREAM_CLOSED_RESET,
  AT_STREAM_CLOSED_SEEN,
  AT_TUPLE_PROTOCOL,
  AT_UDP_SOCKET_CLOSED_COOKIE,
  MARK,
  RECORD_KIND,
  SIZE_CONNECTION,
  SIZE_CONNECTION_END,
  SIZE_EXEC,
  SIZE_EXEC_DETAIL,
  SIZE_EXIT,
  SIZE_HEAD,
  SIZE_PAYLOAD,
  SIZE_STREAM_CLOSED,
  SIZE_UDP_SOCKET_CLOSED,
} from './layout.gen.ts';
import { PayloadView } from './payload-view.ts';
import {
  ATTRIBUTIONS,
  IPPROTO_UDP,
  type RecordView,
  readLocal,
  readOwner,
  readRemote,
  readRole,
  SPOKEN,
  UNRECOGNISED,
  u64,
} from './record-view.ts';

const NS_PER_MS = 1e6;

const PHASES: readonly ConnectionPhase[] = [
  'attempted',
  'attempted',
  'established',
  'accepted',
  'failed',
  'closed',
];
const REASONS: readonly EndReason[] = [
  'unknown',
  'closed',
  'refused',
  'timeout',
  'unreachable',
  'reset',
  'aborted',
];

/** The end of a UDP socket; its conversations end with it. */
export interface UdpSocketClosed {
  readonly kind: 'udp-socket-closed';
  readonly timeMs: number;
  readonly socketId: number;
}

/** The end of a connection of which payload was reported. */
export interface StreamClosed {
  readonly kind: 'stream-closed';
  readonly timeMs: number;
  readonly socketId: number;
  /** Sequence number behind the last byte of each direction (DIRECTION); undefined when none was seen. */
  readonly seen: readonly [number | undefined, number | undefined];
  readonly reset: boolean;
}

export type DecodedRecord = ConnectionEvent | ProcessEvent | UdpSocketClosed | StreamClosed;

export interface DecodeTarget {
  onRecord(record: DecodedRecord): void;
  /** The view is valid during the call. */
  onPayload?(payload: PayloadView): void;
  /** A record of unknown kind or impossible size, or a cut head (kind 0): the rest of the batch cannot be trusted. */
  onMalformed(kind: number, size: number): void;
}

const SIZES: Record<number, number> = {
  [RECORD_KIND.CONNECTION]: SIZE_CONNECTION,
  [RECORD_KIND.CONNECTION_END]: SIZE_CONNECTION_END,
  [RECORD_KIND.EXEC]: SIZE_EXEC,
  [RECORD_KIND.EXEC_DETAIL]: SIZE_EXEC_DETAIL,
  [RECORD_KIND.EXIT]: SIZE_EXIT,
  [RECORD_KIND.UDP_SOCKET_CLOSED]: SIZE_UDP_SOCKET_CLOSED,
  [RECORD_KIND.STREAM_CLOSED]: SIZE_STREAM_CLOSED,
};

const payload = new PayloadView();

/**
 * Decodes the records in the first `bytes` of a slab, in order. `epochOffsetMs` turns the records' monotonic time
 * into epoch time. Returns how many records were decoded.
 */
export function decodeBatch(
  view: RecordView,
  bytes: number,
  epochOffsetMs: number,
  target: DecodeTarget,
): number {
  let at = 0;
  let count = 0;
  while (at + SIZE_HEAD <= bytes) {
    const size = view.u32[(at + AT_HEAD_SIZE) >>> 2] as number;
    const kind = view.u16[(at + AT_HEAD_KIND) >>> 1] as number;
    const isPayload = kind === RECORD_KIND.PAYLOAD;
    if (at + size > bytes || !(isPayload ? isSoundPayload(view, at, size) : SIZES[kind] === size)) {
      target.onMalformed(kind, size);
      return count;
    }
    if (isPayload) {
      payload.set(view, at, epochOffsetMs);
      target.onPayload?.(payload);
    } else target.onRecord(decodeRecord(view, at, kind, epochOffsetMs));
    count++;
    at += size;
  }
  if (at < bytes) target.onMalformed(0, bytes - at);
  return count;
}

/** Its bytes are inside the record. */
function isSoundPayload(view: RecordView, at: number, size: number): boolean {
  return (
    size >= SIZE_PAYLOAD &&
    (size & 7) === 0 &&
    (view.u32[(at + AT_PAYLOAD_LENGTH) >>> 2] as number) <= size - SIZE_PAYLOAD
  );
}

function decodeRecord(view: RecordView, at: number, kind: number, epochOffsetMs: number): DecodedRecord {
  const timeMs = u64(view, at + AT_HEAD_TIME_NS) / NS_PER_MS + epochOffsetMs;
  switch (kind) {
    case RECORD_KIND.CONNECTION:
      return decodeConnection(view, at, timeMs);
    case RECORD_KIND.CONNECTION_END:
      return decodeEnd(view, at, timeMs);
    case RECORD_KIND.EXIT:
      return decodeExit(view, at, timeMs);
    case RECORD_KIND.UDP_SOCKET_CLOSED:
      return { kind: 'udp-socket-closed', timeMs, socketId: u64(view, at + AT_UDP_SOCKET_CLOSED_COOKIE) };
    case RECORD_KIND.STREAM_CLOSED:
      return decodeStreamClosed(view, at, timeMs);
    default:
      return decodeExec(view, at, kind === RECORD_KIND.EXEC_DETAIL, timeMs);
  }
}

function decodeStreamClosed(view: RecordView, at: number, timeMs: number): StreamClosed {
  const known = view.u8[at + AT_STREAM_CLOSED_KNOWN] as number;
  const seen = (direction: 0 | 1): number | undefined =>
    (known >> direction) & 1 ? view.u32[((at + AT_STREAM_CLOSED_SEEN) >>> 2) + direction] : undefined;
  return {
    kind: 'stream-closed',
    timeMs,
    socketId: u64(view, at + AT_STREAM_CLOSED_COOKIE),
    seen: [seen(0), seen(1)],
    reset: view.u8[at + AT_STREAM_CLOSED_RESET] === 1,
  };
}

function decodeConnection(view: RecordView, at: number, timeMs: number): ConnectionEvent {
  const event = connectionBase(view, at, timeMs);
  const rtt = view.u32[(at + AT_CONNECTION_RTT_US) >>> 2] as number;
  if (rtt > 0) event.handshakeRttUs = rtt;
  if (isListed(view, at)) event.isListed = true;
  return event;
}

function isListed(view: RecordView, at: number): boolean {
  return ((view.u16[(at + AT_HEAD_FLAGS) >>> 1] as number) & MARK.LISTED) !== 0;
}

type Draft = { -readonly [K in keyof ConnectionEvent]: ConnectionEvent[K] };

function connectionBase(view: RecordView, at: number, timeMs: number): Draft {
  const tuple = at + AT_CONNECTION_TUPLE;
  return {
    kind: 'connection',
    phase: PHASES[view.u8[at + AT_CONNECTION_PHASE] as number] ?? 'attempted',
    timeMs,
    transport: view.u8[tuple + AT_TUPLE_PROTOCOL] === IPPROTO_UDP ? 'udp' : 'tcp',
    role: readRole(view, tuple),
    local: readLocal(view, tuple),
    remote: readRemote(view, tuple),
    socketId: u64(view, at + AT_CONNECTION_COOKIE),
    owner: readOwner(view, at + AT_CONNECTION_OWNER),
    attribution: ATTRIBUTIONS[view.u8[at + AT_CONNECTION_ATTRIBUTION] as number] ?? 'unknown',
    process: undefined,
    workload: undefined,
  };
}

function decodeEnd(view: RecordView, at: number, timeMs: number): ConnectionEvent {
  const event = connectionBase(view, at, timeMs);
  const errno = view.u16[(at + AT_CONNECTION_ERROR) >>> 1] as number;
  event.reason = REASONS[view.u32[(at + AT_CONNECTION_END_REASON) >>> 2] as number] ?? 'unknown';
  // The kernel side keeps no counters of a UDP socket's errors: no zeros are made up for them.
  if (event.transport === 'tcp') event.stats = decodeStats(view, at);
  const code = view.u8[at + AT_CONNECTION_END_SPOKEN] as number;
  const spoken = SPOKEN[code];
  if (spoken !== undefined) event.spoken = spoken;
  else if (code === UNRECOGNISED) event.isUnrecognised = true;
  if (errno > 0) event.errno = errno;
  if (isListed(view, at)) event.isListed = true;
  return event;
}

function decodeStats(view: RecordView, at: number): ConnectionStats {
  const word = (offset: number): number => view.u32[(at + offset) >>> 2] as number;
  const durationNs = u64(view, at + AT_HEAD_TIME_NS) - u64(view, at + AT_CONNECTION_END_BEGAN_NS);
  return {
    bytesSent: u64(view, at + AT_CONNECTION_END_BYTES_SENT),
    bytesReceived: u64(view, at + AT_CONNECTION_END_BYTES_RECEIVED),
    segmentsSent: word(AT_CONNECTION_END_SEGMENTS_SENT),
    segmentsReceived: word(AT_CONNECTION_END_SEGMENTS_RECEIVED),
    retransmits: word(AT_CONNECTION_END_RETRANSMITS),
    rttUs: word(AT_CONNECTION_RTT_US),
    minRttUs: word(AT_CONNECTION_END_MIN_RTT_US),
    durationMs: durationNs / NS_PER_MS,
  };
}
