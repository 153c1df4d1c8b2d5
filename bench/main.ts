import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { whyNoSandbox } from '../test/support/sandbox.ts';
import { BENCHMARKS } from './benchmarks.ts';
import { describe, PERFORMANCE_PAGE, renderPerformance } from './docs.ts';
import { describeMachine } from './machine.ts';
import { type Benchmark, isMet, type Row } from './model.ts';
import { renderTable } from './report.ts';
import { readResult, storeResult } from './results.ts';
import { underProgramRuntime } from './runtime.ts';
import { undoAll } from './support/cleanup.ts';

const USAGE = `usage: node bench/main.ts [--quick] [NAME...]   measure all, or some (results: bench/results; with --quick: build/bench, and without those that take long)
       node bench/main.ts --docs               regenerate docs/performance.md from bench/results
       node bench/main.ts --list               name the benchmarks`;
const EXIT = { failure: 1, usage: 2, interrupted: 130 } as const;

const print = (text: string): unknown => process.stdout.write(`${text}\n`);
const say = (text: string): unknown => process.stderr.write(`  ${text}\n`);

function options(): { quick: boolean; docs: boolean; list: boolean; names: string[] } {
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    options: { quick: flag, docs: flag, list: flag },
    allowPositionals: true,
  });
  return { ...values, names: positionals };
}

function chosen(names: readonly string[], quick: boolean): readonly Benchmark[] {
  const unknown = names.filter((name) => BENCHMARKS.every((benchmark) => benchmark.name !== name));
  const known = BENCHMARKS.map(({ name }) => name).join(', ');
  if (unknown.length > 0)
    throw new TypeError(`no benchmark is called ${unknown.join(', ')}; there are ${known}`);
  return BENCHMARKS.filter(({ name, onRequest, takesLong }) =>
    names.length === 0 ? onRequest !== true && !(quick && takesLong) : names.includes(name),
  );
}

async function measure(benchmark: Benchmark, quick: boolean): Promise<readonly Row[]> {
  const { name, title, work, compares, live } = benchmark;
  print(`\n${name}: ${title}\n  work: ${work}\n  compared: ${compares}`);
  const obstacle = live ? whyNoSandbox() : undefined;
  if (obstacle !== undefined) {
    print(`  SKIP: ${obstacle}`);
    return [];
  }
  const machine = describeMachine();
  const began = performance.now();
  const outcome = await benchmark.run({ quick, say });
  const file = storeResult({ name, measuredAt: new Date().toISOString(), quick, machine, ...outcome });
  print(`${renderTable(outcome.rows)}\n  ${((performance.now() - began) / 1000).toFixed(1)} s; ${file}`);
  return outcome.rows;
}

function conclude(rows: readonly Row[]): void {
  const judged = rows.filter((row) => isMet(row) !== undefined);
  const missed = judged.filter((row) => isMet(row) === false);
  print(`\n${judged.length - missed.length} of ${judged.length} targets met`);
  for (const { label, value, target } of missed)
    print(`  missed: ${label}: ${value} (target ${target?.sense} ${target?.value})`);
}

async function main(): Promise<void> {
  const { quick, docs, list, names } = options();
  if (list) return void print(BENCHMARKS.map(({ name, title }) => `${name}: ${title}`).join('\n'));
  if (docs) return writeFileSync(PERFORMANCE_PAGE, renderPerformance(BENCHMARKS, readResult));
  const benchmarks = chosen(names, quick);
  const exitCode = underProgramRuntime();
  if (exitCode !== undefined) {
    process.exitCode = exitCode;
    return;
  }
  print(describe(describeMachine()));
  const rows: Row[] = [];
  for (const benchmark of benchmarks) rows.push(...(await measure(benchmark, quick)));
  conclude(rows);
  if (!quick) print('node bench/main.ts --docs writes docs/performance.md from these results');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void undoAll().finally(() => process.exit(EXIT.interrupted)));

try {
  await main();
} catch (error) {
  const isUsage = error instanceof TypeError;
  process.stderr.write(`bench: ${isUsage ? `${error.message}\n${USAGE}` : (error as Error).stack}\n`);
  process.exitCode = isUsage ? EXIT.usage : EXIT.failure;
} finally {
  await undoAll();
}
