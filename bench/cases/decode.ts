import { type DecodedRecord, decodeBatch } from '../../src/capture/decode.ts';
import { type RecordView, viewOf } from '../../src/capture/record-view.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { summarise } from '../statistics.ts';
import { RecordWriter } from '../support/records.ts';

/** As large as the slabs that the ring reader fills. */
const SLAB_BYTES = 64 * 1024;

interface Batch {
  readonly view: RecordView;
  readonly bytes: number;
}

export const decode: Benchmark = {
  name: 'decode',
  title: 'Decoding records',
  work:
    'decodeBatch() over 64 KiB slabs of records, each turned into an event object that is looked at and dropped; one thread, no ' +
    'kernel. Plain: 128-byte connection records. Mixed: attempted, established and closed of each connection, and an exec ' +
    'and an exit after every tenth.',
  compares: 'plain and mixed, in turns.',
  live: false,
  run: async ({ quick, say }: BenchContext) => measure(quick ? 5 : 21, quick ? 500_000 : 1_000_000, say),
};

function slabOf(write: (writer: RecordWriter) => boolean): Batch {
  const buffer = new ArrayBuffer(SLAB_BYTES);
  const writer = new RecordWriter(buffer);
  while (write(writer));
  return { view: viewOf(buffer), bytes: writer.bytes };
}

function mixedSlab(): Batch {
  let turn = 0;
  return slabOf((writer) => {
    const processes = turn++ % 10 > 0 || (writer.exec() && writer.exit());
    return processes && writer.attempted() && writer.established() && writer.closed();
  });
}

/** Records per second over at least `count` records. The sum keeps the events from being optimised away. */
function rate({ view, bytes }: Batch, count: number): number {
  let sum = 0;
  let decoded = 0;
  const target = {
    onRecord: (record: DecodedRecord) => {
      sum += record.timeMs;
    },
    onMalformed: (kind: number, size: number) => {
      throw new Error(`malformed record (kind ${kind}, size ${size})`);
    },
  };
  const began = performance.now();
  while (decoded < count) decoded += decodeBatch(view, bytes, 1_700_000_000_000, target);
  const seconds = (performance.now() - began) / 1000;
  if (!(sum > 0)) throw new Error('nothing was decoded');
  return decoded / seconds;
}

function measure(rounds: number, count: number, say: (text: string) => void): Outcome {
  const slabs = { plain: slabOf((writer) => writer.attempted()), mixed: mixedSlab() };
  const raw: Record<'plain' | 'mixed', number[]> = { plain: [], mixed: [] };
  for (const slab of Object.values(slabs)) rate(slab, count);
  for (let round = 0; round < rounds; round++) {
    raw.plain.push(rate(slabs.plain, count));
    raw.mixed.push(rate(slabs.mixed, count));
  }
  say(`${rounds} rounds of ${count} records`);
  const row = (label: string, samples: readonly number[]): Row => ({
    label,
    unit: 'records/s',
    ...summarise(samples),
  });
  return {
    rows: [
      { ...row('plain', raw.plain), target: { sense: '>=', value: 1_000_000 } },
      row('mixed', raw.mixed),
    ],
    raw: { 'plain records/s': raw.plain, 'mixed records/s': raw.mixed },
  };
}
