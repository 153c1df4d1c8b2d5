import type { IpAddress } from '../../../model/ip-address.ts';
import type { PacketRateEvent, ProbeEvent } from '../../../model/packets.ts';
import type { PacketBatch } from '../../../net/packet/packet-batch.ts';
import type { PacketView } from '../../../net/packet/packet-view.ts';
import { createProbes } from './probes.ts';
import { createPacketWindows } from './windows.ts';

/** Looks at every packet of a capture for those who want to know how many there are, and who asks where. */
export interface PacketWatch {
  /** A decoded packet, after the flow table has seen it. `isNew`: it began a conversation. */
  packet(view: PacketView, batch: PacketBatch, index: number, isNew: boolean): void;
  /** One that was not decoded. */
  other(batch: PacketBatch, index: number): void;
  /** The second that ends with `endMs` is over; virtual time is `nowMs`. */
  second(endMs: number, nowMs: number): void;
  finish(endMs: number): void;
}

export interface PacketWatchOptions {
  readonly isInternal: (ip: IpAddress) => boolean;
  readonly onPacketRate?: ((event: PacketRateEvent) => void) | undefined;
  readonly onProbe?: ((event: ProbeEvent) => void) | undefined;
}

/** Undefined where nobody wants anything: then it costs nothing. */
export function watchPackets(
  reader: { interfaceName(id: number): string | undefined },
  { isInternal, onPacketRate, onProbe }: PacketWatchOptions,
): PacketWatch | undefined {
  if (onPacketRate === undefined && onProbe === undefined) return undefined;
  const nameOf = (id: number): string => reader.interfaceName(id) ?? `if${id}`;
  const windows = onPacketRate && createPacketWindows({ isInternal, nameOf, onPacketRate });
  const probes = onProbe && createProbes({ isInternal, nameOf, onProbe });
  const bytesOf = ({ originalLength, length }: PacketBatch, index: number): number =>
    Math.max(originalLength[index] as number, length[index] as number);
  return {
    packet(view, batch, index, isNew) {
      const interfaceId = batch.interfaceId[index] as number;
      windows?.packet(view, bytesOf(batch, index), interfaceId);
      probes?.packet(view, isNew, interfaceId);
    },
    other: (batch, index) => windows?.other(bytesOf(batch, index), batch.interfaceId[index] as number),
    second(endMs, nowMs) {
      if (Number.isFinite(endMs)) windows?.close(endMs);
      probes?.advance(nowMs);
    },
    finish(endMs) {
      if (Number.isFinite(endMs)) windows?.close(endMs);
      probes?.finish();
    },
  };
}
