import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TARGETS, type Target } from '../../test/support/mutants/targets.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { undoLater } from '../support/cleanup.ts';
import type { MutantReport } from '../support/mutants-child.ts';

const CHILD = fileURLToPath(new URL('../support/mutants-child.ts', import.meta.url));
/** Without a sign of life for so long, a case is taken for a loop without end. */
const SILENCE_MS = 60_000;
const SEED = 1;

export const mutants: Benchmark = {
  name: 'mutants',
  title: 'Broken input',
  work:
    'Every parser of foreign bytes reads well-formed input with one to four changes (bits, bytes, parts cut, doubled, moved in ' +
    'from elsewhere), in pieces of any size; seeded, 50 mutants a parser, one process for each target. Anything thrown, a minute ' +
    'without an end, or more memory held than the bound fails the benchmark.',
  compares: 'nothing: the figures say that it was done, and what the worst case took.',
  live: false,
  onRequest: true,
  run: async ({ quick, say }: BenchContext) => measure(quick ? 20_000 : 1_000_000, say),
};

async function measure(cases: number, say: (text: string) => void): Promise<Outcome> {
  const rows: Row[] = [];
  const raw: Record<string, number[]> = {};
  for (const target of TARGETS) {
    const { seconds, slowestMs, retained } = await runOne(target, cases);
    if (retained > target.maxRetained)
      throw new Error(`${target.name}: a parser holds ${retained} bytes, more than ${target.maxRetained}`);
    say(`${target.name}: ${cases} cases in ${seconds.toFixed(1)} s`);
    const once = (label: string, unit: string, value: number): Row => {
      raw[`${target.name}: ${label}, ${unit}`] = [value];
      return {
        label: `${target.name}: ${label}`,
        unit,
        value,
        low: value,
        high: value,
        samples: 1,
        spread: 'one run',
      };
    };
    rows.push(once('read without a fault', 'cases', cases));
    rows.push(once('slowest case', 'ms', slowestMs), once('held by a parser', 'KB', retained / 1000));
  }
  return { rows, raw };
}

function runOne(target: Target, cases: number): Promise<MutantReport> {
  const child = fork(CHILD, [target.name, String(cases), String(SEED)], { execArgv: ['--expose-gc'] });
  const stop = undoLater(async () => void child.kill('SIGKILL'));
  return new Promise<MutantReport>((resolve, reject) => {
    let done = 0;
    const silence = setTimeout(() => {
      reject(new Error(`${target.name}, seed ${SEED}: no end behind case ${done}`));
      void stop();
    }, SILENCE_MS);
    child.on('message', (message: { done?: number; report?: MutantReport }) => {
      silence.refresh();
      done = message.done ?? done;
      if (message.report !== undefined) resolve(message.report);
    });
    child.once('exit', (code) => {
      clearTimeout(silence);
      void stop();
      reject(new Error(`${target.name} ended with ${code}; the fault is above`));
    });
  });
}
