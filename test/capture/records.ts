import { type DecodedRecord, decodeBatch } from '../../src/capture/decode.ts';
import * as layout from '../../src/capture/layout.gen.ts';
import type { PayloadView } from '../../src/capture/payload-view.ts';
import { viewOf } from '../../src/capture/record-view.ts';

/** Epoch time of the machine's start, in the tests. */
export const EPOCH_OFFSET_MS = 1_700_000_000_000;

/** Writes records as the kernel does, into one batch. Fields that are not given are 0. */
export interface RecordWriter {
  readonly buffer: ArrayBuffer;
  /** Bytes written so far. */
  size(): number;
  /** Adds a record; `fill` writes its fields, at offsets from the start of the record. */
  add(kind: number, size: number, fill?: (record: DataView) => void): void;
}

const BATCH_BYTES = 65_536;

export function recordWriter(): RecordWriter {
  const buffer = new ArrayBuffer(BATCH_BYTES);
  let used = 0;
  return {
    buffer,
    size: () => used,
    add: (kind, size, fill) => {
      const record = new DataView(buffer, used);
      record.setUint32(layout.AT_HEAD_SIZE, size, true);
      record.setUint16(layout.AT_HEAD_KIND, kind, true);
      fill?.(record);
      used += size;
    },
  };
}

export function writeText(record: DataView, at: number, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  new Uint8Array(record.buffer, record.byteOffset + at, bytes.length).set(bytes);
}

export function writeOwner(record: DataView, at: number): void {
  record.setBigUint64(at + layout.AT_OWNER_START_NS, 5_000_000_000n, true);
  record.setBigUint64(at + layout.AT_OWNER_EXEC_ID, 4_999_998_976n, true);
  record.setBigUint64(at + layout.AT_OWNER_CGROUP_ID, 215n, true);
  record.setUint32(at + layout.AT_OWNER_PID, 4711, true);
  record.setUint32(at + layout.AT_OWNER_PARENT_PID, 1, true);
  record.setUint32(at + layout.AT_OWNER_UID, 65_534, true);
  writeText(record, at + layout.AT_OWNER_COMM, 'curl');
}

export const OWNER = {
  pid: 4711,
  parentPid: 1,
  uid: 65_534,
  startNs: 5_000_000_000,
  execId: 4_999_998_976,
  comm: 'curl',
  cgroupId: 215,
};

export interface ConnectionFields {
  readonly phase: number;
  readonly family?: 4 | 6;
  readonly protocol?: number;
  readonly role?: number;
  readonly attribution?: number;
  readonly error?: number;
  readonly rttUs?: number;
}

/** 192.0.2.7:51000 to 198.51.100.5:443, or the same with 2001:db8:: in front; 7 s after boot; socket 99. */
export function writeConnection(record: DataView, fields: ConnectionFields): void {
  const { phase, family = 4, protocol = 6, role = 1, attribution = 1, error = 0, rttUs = 0 } = fields;
  const tuple = layout.AT_CONNECTION_TUPLE;
  record.setBigUint64(layout.AT_HEAD_TIME_NS, 7_000_000_000n, true);
  for (const [at, last] of [
    [layout.AT_TUPLE_LOCAL_IP, 0xc0000207],
    [layout.AT_TUPLE_REMOTE_IP, 0xc6336405],
  ] as const) {
    if (family === 6) record.setUint32(tuple + at, 0x20010db8, true);
    record.setUint32(tuple + at + 12, last, true);
  }
  record.setUint16(tuple + layout.AT_TUPLE_LOCAL_PORT, 51_000, true);
  record.setUint16(tuple + layout.AT_TUPLE_REMOTE_PORT, 443, true);
  record.setUint8(tuple + layout.AT_TUPLE_FAMILY, family);
  record.setUint8(tuple + layout.AT_TUPLE_PROTOCOL, protocol);
  record.setUint8(tuple + layout.AT_TUPLE_ROLE, role);
  writeOwner(record, layout.AT_CONNECTION_OWNER);
  record.setBigUint64(layout.AT_CONNECTION_COOKIE, 99n, true);
  record.setUint32(layout.AT_CONNECTION_RTT_US, rttUs, true);
  record.setUint16(layout.AT_CONNECTION_ERROR, error, true);
  record.setUint8(layout.AT_CONNECTION_PHASE, phase);
  record.setUint8(layout.AT_CONNECTION_ATTRIBUTION, attribution);
}

export function writeStats(record: DataView, reason: number): void {
  record.setBigUint64(layout.AT_CONNECTION_END_BEGAN_NS, 6_750_000_000n, true);
  record.setBigUint64(layout.AT_CONNECTION_END_BYTES_SENT, 5_000_000_001n, true);
  record.setBigUint64(layout.AT_CONNECTION_END_BYTES_RECEIVED, 11n, true);
  record.setUint32(layout.AT_CONNECTION_END_SEGMENTS_SENT, 12, true);
  record.setUint32(layout.AT_CONNECTION_END_SEGMENTS_RECEIVED, 13, true);
  record.setUint32(layout.AT_CONNECTION_END_RETRANSMITS, 2, true);
  record.setUint32(layout.AT_CONNECTION_END_MIN_RTT_US, 14, true);
  record.setUint32(layout.AT_CONNECTION_END_REASON, reason, true);
}

/** What a payload view says, kept. */
export type Payload = ReturnType<typeof copyOf>;

function copyOf(piece: PayloadView) {
  const { seq, length, passed, ordinal, flags, direction } = piece;
  return {
    seq,
    length,
    passed,
    ordinal,
    flags,
    direction,
    facts: piece.facts(),
    bytes: piece.bytes().slice(),
  };
}

/** Decodes a batch and gathers everything that is said of it. */
export function decode(
  buffer: ArrayBuffer,
  bytes: number,
): { records: DecodedRecord[]; payloads: Payload[]; malformed: number[][]; count: number } {
  const records: DecodedRecord[] = [];
  const payloads: Payload[] = [];
  const malformed: number[][] = [];
  const count = decodeBatch(viewOf(buffer), bytes, EPOCH_OFFSET_MS, {
    onRecord: (record) => records.push(record),
    onPayload: (piece) => payloads.push(copyOf(piece)),
    onMalformed: (kind, size) => malformed.push([kind, size]),
  });
  return { records, payloads, malformed, count };
}
