/**
 * Has something become much slower? node bench/compare.ts [NAME...] measures the ratios of these benchmarks anew (quick form; default
 * rules) and puts them beside the committed results. Ratios of legs of one run hold on any machine. A ratio counts as worse when it is so by more
 * than the factor in each of several runs: then the exit code is 1.
 */
import { BENCHMARKS } from './benchmarks.ts';
import { type Comparison, compareRows, FACTOR } from './comparison.ts';
import type { Benchmark, Row } from './model.ts';
import { formatNumber } from './report.ts';
import { readResult } from './results.ts';
import { underProgramRuntime } from './runtime.ts';
import { undoAll } from './support/cleanup.ts';

const RUNS = 3;
const print = (text: string): unknown => process.stdout.write(`${text}\n`);

function chosen(names: readonly string[]): Benchmark[] {
  return names.map((name) => {
    const benchmark = BENCHMARKS.find((each) => each.name === name);
    if (benchmark === undefined)
      throw new TypeError(`no benchmark is called ${name}; node bench/main.ts --list names them`);
    return benchmark;
  });
}

/** Measures again only while something seems worse. */
async function compare(benchmark: Benchmark, baseline: readonly Row[]): Promise<readonly Comparison[]> {
  let worse = new Set<string>();
  for (let run = 1; ; run++) {
    const { rows } = await benchmark.run({ quick: true, say: () => undefined });
    const all = compareRows(baseline, rows);
    const now = all.filter((each) => each.isWorse && (run === 1 || worse.has(each.label)));
    worse = new Set(now.map(({ label }) => label));
    if (worse.size === 0 || run === RUNS)
      return all.map((each) => ({ ...each, isWorse: worse.has(each.label) }));
  }
}

async function main(): Promise<boolean> {
  const names = process.argv.slice(2);
  let isWorse = false;
  for (const benchmark of chosen(names.length === 0 ? ['rules'] : names)) {
    const committed = readResult(benchmark.name);
    if (committed === undefined) throw new TypeError(`bench/results has nothing of ${benchmark.name}`);
    for (const { label, before, now, ...rest } of await compare(benchmark, committed.rows)) {
      isWorse ||= rest.isWorse;
      const verdict = rest.isWorse ? `WORSE by more than ${FACTOR} times` : 'ok';
      print(
        `${benchmark.name}: ${label}: ${formatNumber(before)} committed, ${formatNumber(now)} now: ${verdict}`,
      );
    }
  }
  return isWorse;
}

try {
  process.exitCode = underProgramRuntime() ?? ((await main()) ? 1 : 0);
} catch (error) {
  process.stderr.write(`compare: ${error instanceof TypeError ? error.message : (error as Error).stack}\n`);
  process.exitCode = 2;
} finally {
  await undoAll();
}
