import type { PacketRateEvent, ProbeEvent } from '../../model/packets.ts';
import type { PacketCounters } from '../../net/packet/context.ts';
import { createPacketDecoder } from '../../net/packet/decode.ts';
import type { FragmentCounters, FragmentLimits } from '../../net/packet/fragments.ts';
import { LINK_TYPE } from '../../net/packet/link.ts';
import type { CaptureReader } from '../pcap/read-capture.ts';
import type { CaptureProblem } from '../pcap/walker.ts';
import type { FlowCounters } from './counters.ts';
import { createFlowTable, type FlowTableOptions } from './flow-table.ts';
import { watchPackets } from './packets/watch.ts';

export interface ReplayOptions extends FlowTableOptions {
  readonly fragments?: FragmentLimits;
  /**
   * Called when the virtual time enters a new second, before the frame that brought it there: at the same frames
   * whatever the pieces in which the capture is read.
   */
  readonly onSecond?: (nowMs: number) => void;
  /** Who wants windows of packet counts, and probes. */
  readonly onPacketRate?: ((event: PacketRateEvent) => void) | undefined;
  readonly onProbe?: ((event: ProbeEvent) => void) | undefined;
  /** Called after each batch, of any size. */
  readonly onBatch?: () => void;
}

const SECOND_MS = 1000;
const DECODED_LINKS: ReadonlySet<number> = new Set(Object.values(LINK_TYPE));

export interface ReplaySummary {
  readonly packets: Readonly<PacketCounters>;
  readonly fragments: Readonly<FragmentCounters>;
  readonly flows: Readonly<FlowCounters>;
  /** Frames of links that are not decoded, by the number of the link type. */
  readonly linkTypes: ReadonlyMap<number, number>;
  /** Virtual time at the end, epoch milliseconds; 0 without a frame. */
  readonly endMs: number;
  /** Where the capture is damaged or cut. */
  readonly problem: CaptureProblem | undefined;
}

/** Runs a capture through decoder and flow table to its end. Throws only what the reader throws. */
export async function replayCapture(reader: CaptureReader, options: ReplayOptions): Promise<ReplaySummary> {
  const decoder = createPacketDecoder(options.fragments);
  const { view } = decoder;
  const flows = createFlowTable(options);
  const watch = watchPackets(reader, options);
  const linkTypes = new Map<number, number>();
  let nextSecondMs = Number.NEGATIVE_INFINITY;
  for await (const batch of reader) {
    for (let index = 0; index < batch.count; index++) {
      const isDecoded = decoder.decode(batch, index);
      // The time of every frame counts, whatever is in it.
      if (view.timeMs >= nextSecondMs) {
        watch?.second(nextSecondMs, view.timeMs);
        nextSecondMs = (Math.floor(view.timeMs / SECOND_MS) + 1) * SECOND_MS;
        options.onSecond?.(view.timeMs);
      }
      if (!isDecoded) {
        flows.advance(view.timeMs);
        watch?.other(batch, index);
        countUnknown(linkTypes, batch.linkType[index] as number);
        continue;
      }
      const { flows: known } = flows.counters;
      flows.packet(view);
      watch?.packet(view, batch, index, flows.counters.flows !== known);
    }
    options.onBatch?.();
  }
  watch?.finish(nextSecondMs);
  flows.finish();
  decoder.finish();
  return {
    packets: decoder.counters,
    fragments: decoder.fragments,
    flows: flows.counters,
    linkTypes,
    endMs: flows.nowMs,
    problem: reader.problem,
  };
}

function countUnknown(linkTypes: Map<number, number>, linkType: number): void {
  if (!DECODED_LINKS.has(linkType)) linkTypes.set(linkType, (linkTypes.get(linkType) ?? 0) + 1);
}
