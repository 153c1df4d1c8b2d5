import { createPacketCounters, type DecodeContext, type PacketCounters } from './context.ts';
import { createFragmentTable, type FragmentCounters, type FragmentLimits } from './fragments.ts';
import { decodeEthernet, decodeLink, ETHER_TYPE, NOT_IP } from './link.ts';
import { decodeNetwork, NO_PROTOCOL } from './network.ts';
import type { PacketBatch } from './packet-batch.ts';
import { createPacketView, type PacketView, TUNNEL } from './packet-view.ts';
import { DECODED, DROPPED, decodeTransport } from './transport.ts';

/** Tunnels, one in the other, that are followed. */
export const MAX_TUNNELS = 4;

/** Decodes packets down to TCP, UDP and ICMP. Checksums are not verified: captures of the sending host have none. */
export interface PacketDecoder {
  /** What the last `decode` that returned true read. Used again for the next packet. */
  readonly view: PacketView;
  readonly counters: Readonly<PacketCounters>;
  readonly fragments: Readonly<FragmentCounters>;
  /** Reads packet `index` of a batch into `view`; false when there is nothing to tell (counted why). Never throws. */
  decode(batch: PacketBatch, index: number): boolean;
  /** Gives up the fragments that still wait. */
  finish(): void;
}

export function createPacketDecoder(limits: FragmentLimits = {}): PacketDecoder {
  const view = createPacketView();
  const counters = createPacketCounters();
  const fragments = createFragmentTable(limits);
  const context: DecodeContext = { view, counters, fragments };

  return {
    view,
    counters,
    fragments: fragments.counters,
    decode(batch, index) {
      counters.packets++;
      begin(view, batch, index);
      return layers(context, decodeLink(context, batch.linkType[index] as number));
    },
    finish: () => fragments.finish(),
  };
}

function begin(view: PacketView, batch: PacketBatch, index: number): void {
  const start = batch.start[index] as number;
  const length = batch.length[index] as number;
  view.bytes = batch.bytes;
  view.at = start;
  view.end = start + length;
  view.wireEnd = start + Math.max(length, batch.originalLength[index] as number);
  view.timeMs = batch.timeMs[index] as number;
  view.vlan = view.vlanTags = 0;
  view.tunnel = TUNNEL.none;
  view.tunnelId = 0;
  view.hasQuote = false;
}

function layers(context: DecodeContext, first: number): boolean {
  let etherType = first;
  for (let tunnels = 0; etherType !== NOT_IP; tunnels++) {
    const protocol = decodeNetwork(context, etherType);
    if (protocol === NO_PROTOCOL) return false;
    const inner = decodeTransport(context, protocol);
    if (inner === DECODED) {
      if (tunnels > 0) context.counters.tunneled++;
      return true;
    }
    if (inner === DROPPED) return false;
    if (tunnels === MAX_TUNNELS) {
      context.counters.tunnelDepth++;
      return false;
    }
    etherType = inner === ETHER_TYPE.ethernet ? decodeEthernet(context) : inner;
  }
  return false;
}
