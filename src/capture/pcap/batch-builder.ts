import type { PacketBatch } from '../../net/packet/packet-batch.ts';

export const BATCH_PACKETS = 8192;
/** Longer packets do not exist; a length beyond says that the file is damaged. */
export const MAX_PACKET_BYTES = 256 << 10;

/** A packet as its record tells it; the reader fills one and the same again and again. */
export interface PacketRecord {
  timeMs: number;
  start: number;
  length: number;
  originalLength: number;
  linkType: number;
  interfaceId: number;
  byteOffset: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Gathers packets into one batch, used again and again. */
export interface BatchBuilder {
  readonly batch: PacketBatch;
  isFull(): boolean;
  add(record: PacketRecord): void;
  clear(): void;
}

export function createBatchBuilder(bytes: Uint8Array): BatchBuilder {
  const batch: Writable<PacketBatch> = {
    count: 0,
    bytes,
    timeMs: new Float64Array(BATCH_PACKETS),
    start: new Uint32Array(BATCH_PACKETS),
    length: new Uint32Array(BATCH_PACKETS),
    originalLength: new Uint32Array(BATCH_PACKETS),
    linkType: new Uint16Array(BATCH_PACKETS),
    interfaceId: new Uint32Array(BATCH_PACKETS),
    byteOffset: new Float64Array(BATCH_PACKETS),
  };
  return {
    batch,
    isFull: () => batch.count === BATCH_PACKETS,
    add(record) {
      const index = batch.count++;
      batch.timeMs[index] = record.timeMs;
      batch.start[index] = record.start;
      batch.length[index] = record.length;
      batch.originalLength[index] = record.originalLength;
      batch.linkType[index] = record.linkType;
      batch.interfaceId[index] = record.interfaceId;
      batch.byteOffset[index] = record.byteOffset;
    },
    clear() {
      batch.count = 0;
    },
  };
}
