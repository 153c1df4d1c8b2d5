import type { CaptureSource } from '../../../src/capture/pcap/byte-source.ts';
import { readCapture } from '../../../src/capture/pcap/read-capture.ts';
import type { CaptureProblem } from '../../../src/capture/pcap/walker.ts';
import { BEGIN_NS, inPieces, NS_PER_S, type TimedPacket } from '../../support/capture-files.ts';
import { type Bytes, text } from '../../support/packets.ts';

export interface Read {
  readonly packets: readonly {
    timeMs: number;
    text: string;
    originalLength: number;
    linkType: number;
    interfaceId: number;
    byteOffset: number;
  }[];
  readonly problem: CaptureProblem | undefined;
  readonly bytesRead: number;
}

/** Reads a whole capture, given as bytes in pieces of a size or as a source. */
export async function read(source: CaptureSource | Bytes, piece = 1 << 16): Promise<Read> {
  const reader = readCapture(source instanceof Uint8Array ? inPieces(source, piece) : source);
  const packets: Read['packets'][number][] = [];
  for await (const batch of reader) {
    for (let i = 0; i < batch.count; i++) {
      const start = batch.start[i] as number;
      packets.push({
        timeMs: batch.timeMs[i] as number,
        text: new TextDecoder().decode(batch.bytes.subarray(start, start + (batch.length[i] as number))),
        originalLength: batch.originalLength[i] as number,
        linkType: batch.linkType[i] as number,
        interfaceId: batch.interfaceId[i] as number,
        byteOffset: batch.byteOffset[i] as number,
      });
    }
  }
  return { packets, problem: reader.problem, bytesRead: reader.bytesRead };
}

export const brief = ({ packets }: Read): readonly (readonly [number, string])[] =>
  packets.map((packet) => [packet.timeMs, packet.text] as const);

export const PACKETS: readonly TimedPacket[] = [
  { bytes: text('first'), timeNs: BEGIN_NS + 123_456_000n },
  { bytes: text(''), timeNs: BEGIN_NS + 999_999_000n, originalLength: 60 },
  { bytes: text('third packet'), timeNs: BEGIN_NS + 5n * NS_PER_S, originalLength: 1500 },
];
export const BEGIN_MS = Number(BEGIN_NS / 1_000_000n);
export const EXPECTED = [
  [BEGIN_MS + 123.456, 'first'],
  [BEGIN_MS + 999.999, ''],
  [BEGIN_MS + 5000, 'third packet'],
] as const;
