import type { BenchContext, Benchmark } from '../model.ts';
import { requestsOf } from '../support/live-requests.ts';
import { takeTurns, type Work } from '../support/turns.ts';

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
  return { label, unit: 'requests/s', ...(await requestsOf({ keepAlive, everything })) };
}
