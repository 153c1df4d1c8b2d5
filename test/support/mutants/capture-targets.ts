import { createBatchBuilder } from '../../../src/capture/pcap/batch-builder.ts';
import type { ByteWindow } from '../../../src/capture/pcap/byte-window.ts';
import {
  CLASSIC_HEADER_BYTES,
  classicOrder,
  createClassicWalker,
} from '../../../src/capture/pcap/classic-walker.ts';
import { createPcapngWalker, SECTION_HEADER } from '../../../src/capture/pcap/pcapng-walker.ts';
import type { ReportProblem, Walker } from '../../../src/capture/pcap/walker.ts';
import { createFlowTable } from '../../../src/capture/replay/flow-table.ts';
import { createPacketDecoder } from '../../../src/net/packet/decode.ts';
import type { PacketBatch } from '../../../src/net/packet/packet-batch.ts';
import {
  batchOf,
  enhancedPacket,
  interfaceBlock,
  pcap,
  pcapng,
  sectionHeader,
  simplePacket,
} from '../capture-files.ts';
import { type Bytes, concat } from '../packets.ts';
import { conversations } from '../traffic/conversations.ts';
import type { Target } from './targets.ts';

const BUFFER_BYTES = 64 << 10;
const KIB = 1024;
/** Some packets of each kind of conversation. */
const packets = conversations().flatMap((conversation) => conversation.packets.slice(0, 6));
const few = packets.filter(({ bytes }) => bytes.length < 400).slice(0, 12);

/** A capture in one buffer: what the walkers see of a file that has been read whole. */
function windowOver(bytes: Bytes): ByteWindow {
  const window: ByteWindow = {
    bytes,
    view: new DataView(bytes.buffer),
    at: 0,
    end: 0,
    offset: () => window.at,
    fill: async () => false,
    need: async (size) => window.end - window.at >= size,
    skip: async () => false,
    fault: () => undefined,
  };
  return window;
}

function walkerTarget(
  name: string,
  seeds: readonly Bytes[],
  open: (window: ByteWindow, report: ReportProblem) => Walker | undefined,
): Target {
  return {
    name,
    seeds,
    maxRetained: 1024 * KIB,
    open: () => {
      const window = windowOver(new Uint8Array(BUFFER_BYTES));
      const builder = createBatchBuilder(window.bytes);
      return {
        feed(mutant) {
          const bytes = mutant.subarray(0, BUFFER_BYTES);
          window.bytes.set(bytes);
          window.at = 0;
          window.end = bytes.length;
          const walker = open(window, (problem) => checkProblem(problem.byteOffset, window));
          if (walker !== undefined) walkAll(walker, window, builder);
        },
      };
    },
  };
}

function walkAll(walker: Walker, window: ByteWindow, builder: ReturnType<typeof createBatchBuilder>): void {
  for (let before = -1; ; ) {
    const next = walker.walk(builder);
    checkBatch(builder.batch, window.end);
    builder.clear();
    if (next === 'skip') window.at = Math.min(window.end, window.at + walker.wanted);
    else if (next !== 'full') return;
    if (window.at === before) throw new Error(`no progress at byte ${before}`);
    before = window.at;
  }
}

function checkProblem(byteOffset: number, { end }: ByteWindow): void {
  if (!(byteOffset >= 0 && byteOffset <= end)) throw new Error(`a problem at byte ${byteOffset} of ${end}`);
}

function checkBatch({ count, start, length, timeMs }: PacketBatch, end: number): void {
  for (let i = 0; i < count; i++) {
    if ((start[i] ?? 0) + (length[i] ?? 0) > end) throw new Error(`packet ${i} is not in the file`);
    if (Number.isNaN(timeMs[i])) throw new Error(`packet ${i} has no time`);
  }
}

function openClassic(window: ByteWindow, report: ReportProblem): Walker | undefined {
  if (window.end < CLASSIC_HEADER_BYTES || classicOrder(window.view, 0) === undefined) return undefined;
  return createClassicWalker(window, report);
}

function openPcapng(window: ByteWindow, report: ReportProblem): Walker | undefined {
  if (window.end < 4 || window.view.getUint32(0, true) !== SECTION_HEADER) return undefined;
  return createPcapngWalker(window, report);
}

/** Frames through the decoder, and what it makes of them through flows and reassembly. */
const frames: Target = {
  name: 'packets',
  seeds: packets.map(({ bytes }) => bytes),
  maxRetained: 8192 * KIB,
  open: () => {
    const decoder = createPacketDecoder();
    const flows = createFlowTable({
      maxFlows: 64,
      maxBuffered: 256 * KIB,
      isInternal: () => false,
      onConnection: () => {},
      openStream: () => ({ data: () => {}, gap: () => {}, end: () => {} }),
      onDatagram: () => {},
    });
    let timeNs = 0n;
    return {
      feed(bytes, random) {
        timeNs += BigInt(random.below(2_000_000));
        if (!decoder.decode(batchOf([{ bytes, timeNs }], [1, 101, 113, 276, 0][random.below(5)]), 0)) return;
        const { at, end, wireEnd, bytes: all } = decoder.view;
        // Behind a header that was cut there is nothing, wherever it would begin.
        const isInside = at === end || (at < end && end <= all.length);
        if (!isInside || end > wireEnd) throw new Error(`payload [${at}, ${end}) of ${all.length}`);
        flows.packet(decoder.view);
      },
    };
  },
};

export function captureTargets(): readonly Target[] {
  const nano = [sectionHeader(false), interfaceBlock(false, { resolution: 9, offset: -3 })];
  const blocks = concat(...nano, ...few.map((packet) => enhancedPacket(false, packet, packet.timeNs)));
  return [
    walkerTarget('pcap', [pcap(few), pcap(few, { little: false, nano: true })], openClassic),
    walkerTarget(
      'pcapng',
      [
        pcapng(few),
        blocks,
        concat(sectionHeader(), interfaceBlock(true), simplePacket(true, few[0]?.bytes ?? concat())),
      ],
      openPcapng,
    ),
    frames,
  ];
}
