import type { AlertCandidate } from '../../src/alerts/combine.ts';
import { createMerger } from '../../src/alerts/merge.ts';
import { createTunedMerger } from '../../src/alerts/tuning/tuned-merger.ts';
import type { Tuning } from '../../src/alerts/tuning/tuning.ts';
import type { BenchContext, Benchmark, Outcome } from '../model.ts';
import { summarise } from '../statistics.ts';

const TIME_MS = Date.UTC(2024, 0, 15, 10, 30);
const TARGET = { sense: '>=', value: 500_000 } as const;
/** Findings in a millisecond of event time. */
const PER_MS = 100;

/** Which window the n-th finding belongs to. */
const KEYS: Readonly<Record<string, (index: number) => string>> = {
  'all alike': () => 'same',
  'a thousand windows in turn': (index) => `k${index % 1_000}`,
  'all different (beyond 50,000 windows they share one)': (index) => `k${index}`,
};

const TUNING: Tuning = {
  suppressions: [],
  limits: [
    {
      name: 'per peer',
      type: 'backoff',
      count: 10,
      windowMs: 3_600_000,
      track: ['peer'],
      match: { 'telegen.detector': ['other-*'] },
    },
  ],
};

export const merging: Benchmark = {
  name: 'merging',
  title: 'Findings merged',
  work:
    'Findings of five attributes, made beforehand, are offered to suppressions (none), limits (one that fits none of them) and the merge ' +
    'windows, 100 in each millisecond of their time; windows of five minutes. Processor time of one process.',
  compares: 'findings of one window, of a thousand, and each of its own.',
  live: false,
  run: async ({ quick, say }: BenchContext) => measure(quick ? 3 : 5, quick ? 200_000 : 1_000_000, say),
};

function candidateOf(key: string): AlertCandidate {
  return {
    key,
    detector: 'blocklist',
    reasons: ['blocklist'],
    timeMs: TIME_MS,
    severity: 'WARNING',
    body: 'Suspicious outbound connection to known bad IP',
    attributes: {
      'telegen.detector': 'blocklist',
      'net.peer.ip': '198.51.100.7',
      'net.peer.port': 4444,
      'process.pid': 12_345,
      'process.executable.path': '/tmp/shell',
    },
  };
}

function rateOf(keyOf: (index: number) => string, count: number): number {
  let uids = 0;
  const newUid = (): string => `${++uids}`;
  const merger = createTunedMerger({
    merger: createMerger({ windowMs: 300_000, newUid }),
    newUid,
    onExpired: () => {},
  });
  merger.tune(TUNING);
  const candidates = Array.from({ length: count }, (_, index) => candidateOf(keyOf(index)));
  const began = process.cpuUsage();
  for (let index = 0; index < count; index += 1)
    merger.offer(candidates[index] as AlertCandidate, TIME_MS + index / PER_MS);
  const { user, system } = process.cpuUsage(began);
  const { findings, sent, merged } = merger.counters;
  if (findings !== count || sent + merged !== count) throw new Error('findings are unaccounted for');
  return (count * 1e6) / (user + system);
}

async function measure(rounds: number, count: number, say: (text: string) => void): Promise<Outcome> {
  const raw: Record<string, number[]> = {};
  // The first round only warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, keyOf] of Object.entries(KEYS)) {
      const rate = rateOf(keyOf, count);
      if (round > 0) raw[name] = [...(raw[name] ?? []), rate];
    }
    say(`round ${round}`);
  }
  const rows = Object.entries(raw).map(([label, samples]) => ({
    label,
    unit: 'findings/s',
    ...summarise(samples),
    target: TARGET,
  }));
  return { rows, raw };
}
