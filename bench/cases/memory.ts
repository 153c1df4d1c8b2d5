import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { quantile } from '../statistics.ts';
import { onOwnGround } from '../support/ground.ts';
import { longList } from '../support/long-list.ts';
import { type RunningTelegen, startTelegen } from '../support/telegen.ts';

const TARGET = { sense: '<=', value: 110 } as const;

interface Setup {
  readonly label: string;
  readonly config: (folder: string) => string;
}

const SETUPS: readonly Setup[] = [
  { label: 'default configuration', config: () => '' },
  {
    label: '100,000 list entries',
    config: (folder) => {
      writeFileSync(`${folder}/long.txt`, longList());
      return `agent: { network: { security: { blocklists: ["${folder}/long.txt"] } } }\n`;
    },
  },
  // Nothing listens there and nothing is sent: this is the price of having the exporter.
  { label: 'OTLP endpoint', config: () => 'otlp: { endpoint: "http://127.0.0.1:9" }\n' },
];

export const memory: Benchmark = {
  name: 'memory',
  title: 'Resident memory of an idle telegen run',
  work:
    'VmRSS of /proc/PID/status (with what it shares with other processes), 30 s after the start (10 s with --quick), on a cgroup ' +
    'without processes. The list has 50,000 IPv4 and 50,000 IPv6 addresses, all apart. MB are 1,000,000 bytes.',
  compares: 'configurations; several processes of each, all running at the same time.',
  live: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const copies = quick ? 1 : 3;
  const seconds = quick ? 10 : 30;
  return onOwnGround(async (ground) => {
    const groups: RunningTelegen[][] = [];
    for (const [index, { config }] of SETUPS.entries()) {
      const configFile = `${ground.folder}/memory-${index}.yaml`;
      writeFileSync(configFile, config(ground.folder));
      const group: RunningTelegen[] = [];
      for (let copy = 0; copy < copies; copy++)
        group.push(await startTelegen({ cgroup: ground.subgroup(`memory-${index}-${copy}`), configFile }));
      groups.push(group);
    }
    say(`${copies} of each running; waiting ${seconds} s`);
    await pause(seconds * 1000);
    const outcome = read(groups);
    for (const telegen of groups.flat()) await telegen.stop();
    return outcome;
  });
}

function read(groups: readonly (readonly RunningTelegen[])[]): Outcome {
  const rows: Row[] = [];
  const raw: Record<string, number[]> = {};
  for (const [index, { label }] of SETUPS.entries()) {
    const group = groups[index] ?? [];
    const resident = group.map((telegen) => telegen.memory('VmRSS') / 1e6);
    const own = group.map((telegen) => telegen.memory('RssAnon') / 1e6);
    rows.push(
      { ...rowOf(label, resident), target: TARGET },
      rowOf(`${label}: of it not shared with files`, own),
    );
    raw[`${label}: VmRSS MB`] = resident;
    raw[`${label}: RssAnon MB`] = own;
  }
  return { rows, raw };
}

function rowOf(label: string, samples: readonly number[]): Row {
  const [value, low, high] = [quantile(samples, 0.5), quantile(samples, 0), quantile(samples, 1)];
  return { label, unit: 'MB', value, low, high, samples: samples.length, spread: 'smallest, largest' };
}
