import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { openRules } from '../../src/cli/rules/open-rules.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome, Row, Target } from '../model.ts';
import { summarise } from '../statistics.ts';
import { onOwnGround } from '../support/ground.ts';
import { mixedList } from '../support/mixed-list.ts';
import { manyRuleTexts } from '../support/rule-load.ts';
import { startTelegen } from '../support/telegen.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RULES = 3_800;
const ENTRIES = 1_000_000;
const PAUSE: Target = { sense: '<=', value: 50 };

export const start: Benchmark = {
  name: 'start',
  title: 'Start, reload, and what is installed',
  work:
    'From the call of bin/telegen run to its word that it watches: with the default configuration (nothing is kept of an earlier run), with ' +
    `${ENTRIES.toLocaleString('en')} list entries, with ${RULES.toLocaleString('en')} rule files. Reading those rules anew, beside those in force, and the longest pause ` +
    'of the event loop meanwhile. The files of a release: dist, build/native, build/bpf, rules, and the dependencies that are not for ' +
    'development; Node.js itself apart. MB are 1,000,000 bytes.',
  compares: 'configurations, in turns.',
  live: true,
  takesLong: true,
  run: ({ quick, say }: BenchContext) => onOwnGround((ground) => measure(ground, quick ? 1 : 3, say)),
};

async function measure(ground: Sandbox, rounds: number, say: BenchContext['say']): Promise<Outcome> {
  const rules = join(ground.folder, 'rules');
  writeRules(rules);
  writeFileSync(join(ground.folder, 'list.txt'), mixedList(ENTRIES));
  const security = { blocklists: [join(ground.folder, 'list.txt')], state_dir: join(ground.folder, 'state') };
  const setups = [
    { label: 'start, default configuration', config: {} },
    { label: 'start, 1,000,000 list entries', config: { agent: { network: { security } } } },
    { label: 'start, 3,800 rule files', config: { rules: { paths: [rules] } } },
  ];
  const samples = new Map<string, number[]>();
  const note = (label: string, value: number): unknown =>
    samples.set(label, [...(samples.get(label) ?? []), value]);
  for (let round = 0; round < rounds; round++) {
    for (const { label, config } of setups) note(label, await startOnce(ground, config));
    const { seconds, pauseMs } = await reloadOnce(rules);
    note('reload of 3,800 rule files', seconds);
    note('longest pause meanwhile', pauseMs);
    say(`round ${round + 1} of ${rounds}`);
  }
  const rows = [...samples].map(([label, values]): Row => {
    const isPause = label.startsWith('longest');
    return { label, unit: isPause ? 'ms' : 's', ...summarise(values), ...(isPause && { target: PAUSE }) };
  });
  const sizes = [size('installed, without Node.js', installed()), size('Node.js', runtime())];
  return { rows: [...rows, ...sizes], raw: Object.fromEntries(samples) };
}

function writeRules(folder: string): void {
  mkdirSync(folder);
  for (const [n, text] of manyRuleTexts(RULES).entries()) writeFileSync(join(folder, `${n}.yml`), text);
}

async function startOnce({ cgroup, folder }: Sandbox, config: object): Promise<number> {
  const configFile = join(folder, 'start.yaml');
  writeFileSync(configFile, JSON.stringify(config));
  const began = performance.now();
  const telegen = await startTelegen({ cgroup, configFile });
  const seconds = (performance.now() - began) / 1_000;
  await telegen.stop();
  return seconds;
}

async function reloadOnce(folder: string): Promise<{ readonly seconds: number; readonly pauseMs: number }> {
  const silent = (): void => undefined;
  const rules = await openRules({
    config: { ...loadConfig(undefined).config.rules, paths: [folder] },
    viewpoint: 'host',
    diagnostics: { info: silent, warn: silent },
    watch: false,
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  if ((await rules?.reload()) !== true) throw new Error('the rules were not reloaded');
  const seconds = (performance.now() - began) / 1_000;
  delay.disable();
  return { seconds, pauseMs: delay.max / 1e6 };
}

/** npm names the packages that are installed without those for development. */
function installed(): number {
  const args = ['ls', '--omit=dev', '--all', '--parseable'];
  const listed = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' }).trim().split('\n').slice(1);
  const own = ['dist', 'build/native', 'build/bpf', 'rules', 'bin', 'package.json'].map((name) =>
    join(ROOT, name),
  );
  // A package inside of another is a part of it.
  const packages = listed.filter((path) => !listed.some((other) => path.startsWith(`${other}/`)));
  return [...own, ...packages].reduce((sum, path) => sum + bytesIn(path), 0);
}

const runtime = (): number => bytesIn(join(ROOT, 'node_modules/node/bin'));

function bytesIn(path: string): number {
  if (!existsSync(path)) return 0;
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}

function size(label: string, bytes: number): Row {
  const value = bytes / 1e6;
  return { label, unit: 'MB', value, low: value, high: value, samples: 1 };
}
