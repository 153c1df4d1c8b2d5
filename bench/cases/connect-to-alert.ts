import { writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Sandbox } from '../../test/support/sandbox.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { quantile } from '../statistics.ts';
import { nativeProgram, onOwnGround } from '../support/ground.ts';
import { withTelegen } from '../support/telegen.ts';
import { runWrk, withNginx } from '../support/web.ts';

const NS_PER_MS = 1e6;
const MEAN_GAP_MS = 30;
/** Alerts that come later than this after the last attempt count as lost, which fails the benchmark. */
const LATE_MS = 3_000;

export const connectToAlert: Benchmark = {
  name: 'connect-to-alert',
  title: 'Time from connect() to the alert on standard output',
  work:
    'Processes that live for one connect() each call a blocklisted peer of their own (IPv4 and IPv6 in turn, refused), at random ' +
    'moments 30 ms apart on average. From CLOCK_MONOTONIC right before connect() to the moment when the reader of a pipe, ' +
    'another process, holds the whole JSON line of that peer. Every attempt must alert.',
  compares:
    'the host otherwise idle / while wrk drives short connections into nginx in the observed cgroup as fast as the machine can.',
  live: true,
  run,
};

function run({ quick, say }: BenchContext): Promise<Outcome> {
  const program = nativeProgram('attempts');
  const count = quick ? 100 : 500;
  return onOwnGround(async (ground) => {
    const attempts = [program, `${count}`, `${MEAN_GAP_MS * 1000}`];
    say(`idle: ${count} attempts`);
    const idle = await measure(ground, attempts, count);
    say(`under load: ${count} attempts`);
    const loaded = await underLoad(ground, (count * MEAN_GAP_MS) / 1000, () =>
      measure(ground, attempts, count),
    );
    return {
      rows: [...rowsOf('idle', idle, 50), ...rowsOf('under load', loaded)],
      raw: { 'idle ms': idle, 'under load ms': loaded },
    };
  });
}

function rowsOf(label: string, samples: readonly number[], limit?: number): Row[] {
  const row = (name: string, share: number): Row => ({
    label: `${label}: ${name}`,
    unit: 'ms',
    value: quantile(samples, share),
    low: quantile(samples, 0),
    high: quantile(samples, 1),
    samples: samples.length,
    spread: 'smallest, largest',
  });
  const p99 = row('99th percentile', 0.99);
  return [row('median', 0.5), limit === undefined ? p99 : { ...p99, target: { sense: '<=', value: limit } }];
}

/** wrk needs whole seconds; it outlasts the attempts by a little. */
function underLoad<T>(ground: Sandbox, seconds: number, work: () => Promise<T>): Promise<T> {
  return withNginx(ground, true, async () => {
    const load = runWrk(ground, { seconds: Math.ceil(seconds * 1.2) + 1, keepAlive: false, observed: false });
    const [result] = await Promise.all([work(), load]);
    return result;
  });
}

/** Milliseconds from each attempt to its alert. */
function measure(ground: Sandbox, attempts: readonly string[], count: number): Promise<number[]> {
  const options = { cgroup: ground.cgroup, output: 'jsonl', configFile: writeConfig(ground.folder) } as const;
  return withTelegen(options, async (telegen) => {
    const arrivals = watchArrivals(telegen.stdout);
    const lines = (await ground.start(attempts).end()).trim().split('\n');
    const deadline = performance.now() + LATE_MS;
    while (arrivals.size < count && performance.now() < deadline) await pause(10);
    return lines.map((line) => {
      const [peer, beganNs] = line.split(' ') as [string, string];
      const arrivedNs = arrivals.get(peer);
      if (arrivedNs === undefined) throw new Error(`no alert for ${peer}: ${arrivals.size} of ${count} came`);
      return Number(arrivedNs - BigInt(beganNs)) / NS_PER_MS;
    });
  });
}

function writeConfig(folder: string): string {
  const list = `${folder}/listed.txt`;
  const file = `${folder}/alerts.yaml`;
  writeFileSync(list, '198.51.100.0/24\n2001:db8:bad::/48\n');
  writeFileSync(file, `agent:\n  network:\n    security:\n      blocklists: [${JSON.stringify(list)}]\n`);
  return file;
}

/** When the alert of each peer was read; hrtime is CLOCK_MONOTONIC, the clock of the attempts. */
function watchArrivals(stdout: Readable): ReadonlyMap<string, bigint> {
  const arrivals = new Map<string, bigint>();
  let rest = '';
  stdout.setEncoding('utf8').on('data', (text: string) => {
    const now = process.hrtime.bigint();
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const peer = /"net\.peer\.ip":"([^"]+)"/.exec(line)?.[1];
      if (peer !== undefined && !arrivals.has(peer)) arrivals.set(peer, now);
    }
  });
  return arrivals;
}
