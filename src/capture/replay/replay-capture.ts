import type { PacketCounters } from '../../net/packet/context.ts';
import { createPacketDecoder } from '../../net/packet/decode.ts';
import type { FragmentCounters, FragmentLimits } from '../../net/packet/fragments.ts';
import type { CaptureReader } from '../pcap/read-capture.ts';
import type { CaptureProblem } from '../pcap/walker.ts';
import type { FlowCounters } from './counters.ts';
import { createFlowTable, type FlowTableOptions } from './flow-table.ts';

export interface ReplayOptions extends FlowTableOptions {
  readonly fragments?: FragmentLimits;
  /** Called after each batch, with the virtual time that it reached. */
  readonly onBatch?: (nowMs: number) => void;
}

export interface ReplaySummary {
  readonly packets: Readonly<PacketCounters>;
  readonly fragments: Readonly<FragmentCounters>;
  readonly flows: Readonly<FlowCounters>;
  /** Where the capture is damaged or cut. */
  readonly problem: CaptureProblem | undefined;
}

/** Runs a capture through decoder and flow table to its end. Throws only what the reader throws. */
export async function replayCapture(reader: CaptureReader, options: ReplayOptions): Promise<ReplaySummary> {
  const decoder = createPacketDecoder(options.fragments);
  const flows = createFlowTable(options);
  for await (const batch of reader) {
    for (let index = 0; index < batch.count; index++) {
      if (decoder.decode(batch, index)) flows.packet(decoder.view);
    }
    options.onBatch?.(flows.nowMs);
  }
  flows.finish();
  decoder.finish();
  return {
    packets: decoder.counters,
    fragments: decoder.fragments,
    flows: flows.counters,
    problem: reader.problem,
  };
}
