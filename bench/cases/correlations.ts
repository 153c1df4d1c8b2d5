import { readRuleYaml } from '../../src/rule-files/read-yaml.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { createCorrelations } from '../../src/rules/correlate/correlations.ts';
import { planCorrelations } from '../../src/rules/correlate/plan.ts';
import type { BenchContext, Benchmark, Outcome } from '../model.ts';
import { summarise } from '../statistics.ts';

const GROUPS = 100_000;
const RULE = `title: Base
name: base
logsource: {category: test}
detection:
    s: {a: 1}
    condition: s
---
title: Count
name: count
correlation:
    type: event_count
    rules: [base]
    group-by: [host]
    timespan: 1h
    condition: {gte: 1000000}
`;

export const correlations: Benchmark = {
  name: 'correlations',
  title: 'Updates of a correlation',
  work: `Events of ${GROUPS} groups in turn reach one event_count correlation in the order of their time; heap in use after a collection.`,
  compares: 'nothing; one thread.',
  live: false,
  run: async (context: BenchContext) => measure(context),
};

function measure({ quick, say }: BenchContext): Outcome {
  const samples: number[] = [];
  let heap = 0;
  // The first round warms up.
  for (let round = 0; round <= (quick ? 2 : 5); round++) {
    const before = heapBytes();
    const { rate, keep } = updates(quick ? 500_000 : 1_000_000);
    if (round > 0) samples.push(rate);
    // Later rounds begin with the groups of the round before still there.
    heap = Math.max(heap, heapBytes() - before);
    if (keep.groups() !== GROUPS) throw new Error('groups were lost');
  }
  say('done');
  const rows = [
    {
      label: `${GROUPS} groups`,
      unit: 'updates/s',
      ...summarise(samples),
      target: { sense: '>=', value: 1_000_000 } as const,
    },
    {
      label: 'heap',
      unit: 'MB',
      value: heap / 1e6,
      low: heap / 1e6,
      high: heap / 1e6,
      samples: 1,
      target: { sense: '<=', value: 200 } as const,
    },
  ];
  return { rows, raw: { 'updates/s': samples, 'heap, bytes': [heap] } };
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('needs --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function updates(count: number) {
  const { documents } = compileRules([{ file: 'r', ...readRuleYaml(RULE) }]);
  const { planned } = planCorrelations(documents, () => true);
  const keep = createCorrelations<undefined>(planned.map((plan) => ({ ...plan, own: 1, inputNumbers: [0] })));
  const hosts = Array.from({ length: GROUPS }, (_, n) => new Map([['host', `host-${n}`]]));
  const documentsOfHit = [0];
  const began = performance.now();
  for (let n = 0; n < count; n++) {
    const fields = hosts[n % GROUPS] as Map<string, string>;
    keep.add({ event: undefined, source: n, timeMs: n / 100, fields, documents: documentsOfHit });
  }
  const seconds = (performance.now() - began) / 1000;
  keep.finish(count);
  return { rate: count / seconds, keep };
}
