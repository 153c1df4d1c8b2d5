/** Capture files, written independently of the reader. */
import type { PacketBatch } from '../../src/net/packet/packet-batch.ts';
import { type Bytes, concat } from './packets.ts';

export interface TimedPacket {
  readonly bytes: Bytes;
  /** Whole nanoseconds since the epoch. */
  readonly timeNs: bigint;
  /** Bytes on the wire, when the capture cut the packet. */
  readonly originalLength?: number;
  /** Index into the interfaces of a pcapng file. */
  readonly interfaceId?: number;
}

export const NS_PER_S = 1_000_000_000n;
/** 2024-01-15T10:30:00Z. */
export const BEGIN_NS = 1_705_314_600n * NS_PER_S;

/** Numbers of 16, 32 or 64 bits in either byte order. */
export type Word = readonly [bits: 16 | 32 | 64, value: number | bigint];

export function words(little: boolean, ...values: readonly Word[]): Bytes {
  const view = new DataView(new ArrayBuffer(values.reduce((sum, [bits]) => sum + bits / 8, 0)));
  let at = 0;
  for (const [bits, value] of values) {
    if (bits === 16) view.setUint16(at, Number(value), little);
    else if (bits === 32) view.setUint32(at, Number(value), little);
    else view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), little);
    at += bits / 8;
  }
  return new Uint8Array(view.buffer);
}

export interface PcapForm {
  readonly little?: boolean;
  readonly nano?: boolean;
  readonly linkType?: number;
  readonly magic?: number;
  /** Extra bytes in each record header (the "modified" format has 8). */
  readonly extra?: number;
}

export function pcapHeader(form: PcapForm = {}): Bytes {
  const { little = true, nano = false, linkType = 1 } = form;
  const magic = form.magic ?? (nano ? 0xa1b23c4d : 0xa1b2c3d4);
  return words(little, [32, magic], [16, 2], [16, 4], [32, 0], [32, 0], [32, 262_144], [32, linkType]);
}

export function pcapRecord(
  packet: TimedPacket,
  { little = true, nano = false, extra = 0 }: PcapForm = {},
): Bytes {
  const { bytes, timeNs, originalLength = bytes.length } = packet;
  const fraction = (timeNs % NS_PER_S) / (nano ? 1n : 1000n);
  const head = words(
    little,
    [32, timeNs / NS_PER_S],
    [32, fraction],
    [32, bytes.length],
    [32, originalLength],
  );
  return concat(head, new Uint8Array(extra), bytes);
}

export function pcap(packets: readonly TimedPacket[], form: PcapForm = {}): Bytes {
  // As arguments of a call, the records of a long capture would not fit on the stack.
  const records = packets.map((packet) => pcapRecord(packet, form));
  return new Uint8Array(Buffer.concat([pcapHeader(form), ...records]));
}

export function block(little: boolean, type: number, body: Bytes): Bytes {
  const padded = concat(body, new Uint8Array((4 - (body.length % 4)) % 4));
  const length = padded.length + 12;
  return concat(words(little, [32, type], [32, length]), padded, words(little, [32, length]));
}

export function option(little: boolean, code: number, value: Bytes): Bytes {
  return concat(
    words(little, [16, code], [16, value.length]),
    value,
    new Uint8Array((4 - (value.length % 4)) % 4),
  );
}

export function sectionHeader(little = true): Bytes {
  return block(little, 0x0a0d0d0a, words(little, [32, 0x1a2b3c4d], [16, 1], [16, 0], [64, -1]));
}

export interface InterfaceForm {
  readonly linkType?: number;
  readonly snapLength?: number;
  /** `if_tsresol`. */
  readonly resolution?: number;
  /** `if_tsoffset`, seconds. */
  readonly offset?: number;
}

export function interfaceBlock(little: boolean, form: InterfaceForm = {}): Bytes {
  const { linkType = 1, snapLength = 0, resolution, offset } = form;
  const options: Bytes[] = [option(little, 2, new TextEncoder().encode('lab0'))];
  if (resolution !== undefined) options.push(option(little, 9, Uint8Array.of(resolution)));
  if (offset !== undefined) options.push(option(little, 14, words(little, [64, offset])));
  options.push(words(little, [16, 0], [16, 0]));
  return block(little, 1, concat(words(little, [16, linkType], [16, 0], [32, snapLength]), ...options));
}

/** `units`: the time stamp as the interface counts. */
export function enhancedPacket(little: boolean, packet: TimedPacket, units: bigint): Bytes {
  const { bytes, originalLength = bytes.length, interfaceId = 0 } = packet;
  const head = words(
    little,
    [32, interfaceId],
    [32, units >> 32n],
    [32, units & 0xffffffffn],
    [32, bytes.length],
    [32, originalLength],
  );
  const padding = new Uint8Array((4 - (bytes.length % 4)) % 4);
  return block(
    little,
    6,
    concat(head, bytes, padding, option(little, 2, new Uint8Array(4)), words(little, [32, 0])),
  );
}

export function simplePacket(little: boolean, bytes: Bytes, originalLength = bytes.length): Bytes {
  return block(little, 3, concat(words(little, [32, originalLength]), bytes));
}

export function oldPacket(little: boolean, packet: TimedPacket, units: bigint): Bytes {
  const { bytes, originalLength = bytes.length, interfaceId = 0 } = packet;
  const ids = words(little, [16, interfaceId], [16, 0xffff], [32, units >> 32n], [32, units & 0xffffffffn]);
  return block(little, 2, concat(ids, words(little, [32, bytes.length], [32, originalLength]), bytes));
}

/** One section, one interface that counts microseconds. */
export function pcapng(packets: readonly TimedPacket[], little = true, linkType = 1): Bytes {
  const blocks = packets.map((packet) => enhancedPacket(little, packet, packet.timeNs / 1000n));
  return concat(sectionHeader(little), interfaceBlock(little, { linkType }), ...blocks);
}

/** A batch of packets, without a file around them. */
export function batchOf(packets: readonly TimedPacket[], linkType = 1): PacketBatch {
  const count = packets.length;
  const batch = {
    count,
    bytes: concat(...packets.map(({ bytes }) => bytes)),
    timeMs: Float64Array.from(
      packets,
      ({ timeNs }) => Number(timeNs / NS_PER_S) * 1000 + Number(timeNs % NS_PER_S) / 1e6,
    ),
    start: new Uint32Array(count),
    length: Uint32Array.from(packets, ({ bytes }) => bytes.length),
    originalLength: Uint32Array.from(packets, ({ bytes, originalLength }) => originalLength ?? bytes.length),
    linkType: new Uint16Array(count).fill(linkType),
    interfaceId: Uint32Array.from(packets, ({ interfaceId }) => interfaceId ?? 0),
    byteOffset: new Float64Array(count),
  };
  for (let index = 1; index < count; index++) {
    batch.start[index] = (batch.start[index - 1] ?? 0) + (batch.length[index - 1] ?? 0);
  }
  return batch;
}

/** The source cut into pieces of `size` bytes. */
export async function* inPieces(bytes: Bytes, size: number): AsyncGenerator<Bytes, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
