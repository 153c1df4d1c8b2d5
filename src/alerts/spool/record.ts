import { crc32 } from 'node:zlib';
import type { Alert } from '../../model/finding.ts';
import { SEVERITIES } from '../../model/finding.ts';

/** What the spool knows of one alert. */
export interface SpooledAlert {
  /** Rises by one with each alert of a spool, over restarts; the order of delivery. */
  readonly seq: number;
  /** Wall clock, epoch milliseconds, when it was taken; its age counts from here. */
  readonly takenMs: number;
  readonly alert: Alert;
}

/** As read from disk: `ordinal` rises by one within the records of one severity, so a gap tells how many were destroyed. */
export interface StoredAlert extends SpooledAlert {
  readonly ordinal: number;
  /** Where the next record begins. */
  readonly end: number;
}

/**
 * A record, little endian: magic u32, payload bytes u32, CRC-32 u32 of all that follows it, format u32, seq f64,
 * ordinal f64, takenMs f64, then the alert as JSON.
 */
const MAGIC = Buffer.from('TGR1', 'latin1');
const HEADER_BYTES = 40;
const CRC_FROM = 12;
const FORMAT = 1;

/** A longer alert is refused: no detector makes one, and a damaged length must not be believed. */
export const MAX_PAYLOAD_BYTES = 1_048_576;

/** The records one after the other; `firstOrdinal` is that of the first. Alerts beyond the limit must have been refused before. */
export function encodeRecords(
  alerts: readonly SpooledAlert[],
  payloads: readonly Buffer[],
  firstOrdinal: number,
): Buffer {
  const size = payloads.reduce((sum, payload) => sum + recordBytes(payload), 0);
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  for (const [index, { seq, takenMs }] of alerts.entries()) {
    const payload = payloads[index] ?? Buffer.alloc(0);
    MAGIC.copy(out, at);
    out.writeUInt32LE(payload.length, at + 4);
    out.writeUInt32LE(FORMAT, at + 12);
    out.writeDoubleLE(seq, at + 16);
    out.writeDoubleLE(firstOrdinal + index, at + 24);
    out.writeDoubleLE(takenMs, at + 32);
    payload.copy(out, at + HEADER_BYTES);
    const end = at + HEADER_BYTES + payload.length;
    out.writeUInt32LE(crc32(out.subarray(at + CRC_FROM, end)), at + 8);
    at = end;
  }
  return out;
}

/** Bytes that a payload takes on disk. */
export const recordBytes = (payload: Buffer): number => HEADER_BYTES + payload.length;

export const encodePayload = (alert: Alert): Buffer => Buffer.from(JSON.stringify(alert));

function isAlert(value: unknown): value is Alert {
  if (typeof value !== 'object' || value === null) return false;
  const { uid, timeMs, severity, body, attributes } = value as Partial<Record<keyof Alert, unknown>>;
  return (
    typeof uid === 'string' &&
    typeof timeMs === 'number' &&
    SEVERITIES.some((known) => known === severity) &&
    typeof body === 'string' &&
    typeof attributes === 'object' &&
    attributes !== null
  );
}

/** The CRC holds, so this fails only on a file of a later format. */
function parseAlert(payload: Buffer): Alert | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    return isAlert(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function decodeAt(bytes: Buffer, at: number): StoredAlert | 'short' | undefined {
  if (bytes.length - at < HEADER_BYTES) return 'short';
  const length = bytes.readUInt32LE(at + 4);
  if (length > MAX_PAYLOAD_BYTES || !bytes.subarray(at, at + 4).equals(MAGIC)) return undefined;
  const end = at + HEADER_BYTES + length;
  if (end > bytes.length) return 'short';
  if (crc32(bytes.subarray(at + CRC_FROM, end)) !== bytes.readUInt32LE(at + 8)) return undefined;
  const alert = parseAlert(bytes.subarray(at + HEADER_BYTES, end));
  if (alert === undefined || bytes.readUInt32LE(at + 12) !== FORMAT) return undefined;
  return {
    seq: bytes.readDoubleLE(at + 16),
    ordinal: bytes.readDoubleLE(at + 24),
    takenMs: bytes.readDoubleLE(at + 32),
    alert,
    end,
  };
}

/**
 * Calls `onRecord` for each whole record. What is damaged is passed over to the next whole one. Returns where the last
 * whole record ended: what follows is a record cut off, or damage.
 */
export function decodeRecords(bytes: Buffer, onRecord: (record: StoredAlert) => void): number {
  let at = 0;
  let goodEnd = 0;
  while (at < bytes.length) {
    const record = decodeAt(bytes, at);
    if (record !== undefined && record !== 'short') {
      onRecord(record);
      at = record.end;
      goodEnd = at;
      continue;
    }
    // A damaged length may seem to reach beyond the end: whole records can follow it all the same.
    const next = bytes.indexOf(MAGIC, at + 1);
    if (next < 0) break;
    at = next;
  }
  return goodEnd;
}
