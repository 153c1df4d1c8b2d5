import type { BenchContext, Benchmark } from '../model.ts';
import { HttpRecords } from '../support/http-records.ts';
import { createLivePath } from '../support/live-path.ts';
import { takeTurns, type Work } from '../support/turns.ts';

const SLAB_BYTES = 64 * 1024;
/** Longer than a turn of the collector of garbage: its work must be in the figure. */
const SLABS_A_TURN = 400;

export const livePath: Benchmark = {
  name: 'live-path',
  title: 'Requests through everything behind the kernel',
  work:
    'Records of an HTTP server, as the kernel programs make them, through decoding, streams, HTTP/1, enrichment, detectors, ' +
    'rules, metrics and topology, in slabs as they come out of the ring; one thread, no kernel.',
  compares:
    'a connection for each request (five records each) and 32 kept connections (two records), with the shipped rules and all ' +
    'telemetry, and with detectors alone (which decode the requests as well).',
  live: false,
  run: async ({ quick }: BenchContext) => {
    const works = [
      await workOf('a connection each, rules and telemetry', false, true),
      await workOf('kept connections, rules and telemetry', true, true),
      await workOf('a connection each, detectors alone', false, false),
      await workOf('kept connections, detectors alone', true, false),
    ];
    return takeTurns(works, quick ? 3 : 7);
  },
};

async function workOf(label: string, keepAlive: boolean, everything: boolean): Promise<Work> {
  const path = await createLivePath(everything);
  const records = new HttpRecords(keepAlive);
  const slab = new ArrayBuffer(SLAB_BYTES);
  const count = Math.round((SLABS_A_TURN * SLAB_BYTES) / (keepAlive ? 520 : 860));
  // The writing of the records is in the time, too: some tenth of it.
  return {
    label,
    unit: 'requests/s',
    count,
    turn() {
      const before = path.exchanges();
      for (let done = 0; done < count; ) {
        const { bytes, exchanges } = records.fill(slab);
        path.take(slab, bytes);
        done += exchanges;
      }
      path.tick(records.timeMs);
      return path.exchanges() - before;
    },
  };
}
