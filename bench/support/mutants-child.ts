/**
 * Reads mutants in a process of its own, so that a loop without end can be found and ended:
 * node --expose-gc mutants-child.ts TARGET CASES SEED. Sends how far it is, then a `MutantReport`.
 */
import { runMutants } from '../../test/support/mutants/run.ts';
import { TARGETS } from '../../test/support/mutants/targets.ts';

/** What a run found. */
export interface MutantReport {
  readonly seconds: number;
  readonly slowestMs: number;
  /** Bytes that one parser holds on average after its mutants. */
  readonly retained: number;
}

const [name, cases, seed] = process.argv.slice(2);
const target = TARGETS.find((each) => each.name === name);
if (target === undefined) throw new Error(`no target ${name}`);

/** What one collection leaves, finalizers and optimised code among it, another may not: counted for parsers, it was twice their own. */
const COLLECTIONS = 3;

function heapBytes(): number {
  for (let i = 0; i < COLLECTIONS; i++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const began = performance.now();
let { parsers, slowestMs } = runMutants({
  target,
  cases: Number(cases),
  seed: Number(seed),
  onProgress: (done) => process.send?.({ done }),
});
const seconds = (performance.now() - began) / 1000;
const { length } = parsers;
const withParsers = heapBytes();
parsers = [];
const retained = (withParsers - heapBytes()) / length;
process.send?.({ report: { seconds, slowestMs, retained } satisfies MutantReport });
