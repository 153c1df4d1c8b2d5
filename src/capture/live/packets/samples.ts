import { PACKET_PROTOCOLS, type PacketSample } from '../../../model/packets.ts';
import type { Addon, BpfObject, RingReader } from '../../addon.ts';
import {
  AT_HEAD_KIND,
  AT_HEAD_SIZE,
  AT_HEAD_TIME_NS,
  AT_SAMPLE_DIRECTION,
  AT_SAMPLE_FAMILY,
  AT_SAMPLE_IFINDEX,
  AT_SAMPLE_PACKETS,
  AT_SAMPLE_PAYLOAD,
  AT_SAMPLE_PAYLOAD_SIZE,
  AT_SAMPLE_PORT,
  AT_SAMPLE_PROTOCOL,
  AT_SAMPLE_SOURCE,
  AT_SAMPLE_SOURCE_PORT,
  AT_SAMPLE_TARGET,
  AT_SAMPLE_WIRE_SIZE,
  DIRECTION,
  RECORD_KIND,
  SIZE_SAMPLE,
} from '../../layout.gen.ts';
import { type RecordView, readIp, u64, viewOf } from '../../record-view.ts';

export const SAMPLE_RING_BYTES = 1 << 20;
const SLAB_BYTES = 64 * 1024;
const NS_PER_MS = 1e6;

/** Of the moment: epoch milliseconds of monotonic zero, and the names of interfaces. */
export interface SampleContext {
  readonly epochOffsetMs: number;
  readonly nameOf: (ifindex: number) => string;
}

/** Takes samples out of their ring, without a thread of its own: losing some costs accuracy only, and is counted. */
export class SampleReader {
  readonly #reader: RingReader;
  readonly #view: RecordView;

  constructor(addon: Addon, object: BpfObject) {
    const slab = new ArrayBuffer(SLAB_BYTES);
    this.#view = viewOf(slab);
    this.#reader = new addon.RingReader(object, 'tg_samples', SAMPLE_RING_BYTES, [slab]);
  }

  read(context: SampleContext, onSample: (sample: PacketSample) => void): void {
    for (let bytes = this.#reader.drain(); bytes > 0; bytes = this.#reader.drain())
      for (let at = 0; at + SIZE_SAMPLE <= bytes; at += SIZE_SAMPLE)
        if (isSample(this.#view, at)) onSample(decode(this.#view, at, context));
  }
}

function isSample(view: RecordView, at: number): boolean {
  return (
    view.u16[(at + AT_HEAD_KIND) >>> 1] === RECORD_KIND.SAMPLE &&
    view.u32[(at + AT_HEAD_SIZE) >>> 2] === SIZE_SAMPLE
  );
}

function decode(view: RecordView, at: number, { epochOffsetMs, nameOf }: SampleContext): PacketSample {
  const { u8, u16, u32 } = view;
  const word = (offset: number): number => u32[(at + offset) >>> 2] as number;
  const family = u8[at + AT_SAMPLE_FAMILY] as number;
  const payload = at + AT_SAMPLE_PAYLOAD;
  const ends =
    family === 0
      ? {}
      : {
          source: readIp(view, at + AT_SAMPLE_SOURCE, family),
          target: readIp(view, at + AT_SAMPLE_TARGET, family),
        };
  return {
    timeMs: u64(view, at + AT_HEAD_TIME_NS) / NS_PER_MS + epochOffsetMs,
    interface: nameOf(word(AT_SAMPLE_IFINDEX)),
    direction: u8[at + AT_SAMPLE_DIRECTION] === DIRECTION.SENT ? 'outbound' : 'inbound',
    protocol: PACKET_PROTOCOLS[u8[at + AT_SAMPLE_PROTOCOL] as number] ?? 'other',
    ...ends,
    sourcePort: u16[(at + AT_SAMPLE_SOURCE_PORT) >>> 1] as number,
    port: u16[(at + AT_SAMPLE_PORT) >>> 1] as number,
    wireSize: word(AT_SAMPLE_WIRE_SIZE),
    packets: word(AT_SAMPLE_PACKETS),
    payload: u8.subarray(payload, payload + word(AT_SAMPLE_PAYLOAD_SIZE)),
  };
}
