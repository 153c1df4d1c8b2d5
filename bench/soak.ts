/**
 * A long run under load: node bench/soak.ts [MINUTES]. The real program in a sandbox, connections that alert and a real receiver, which
 * goes away for a tenth of each minute. Fails when memory grows by more than 5 % after the first third, or an alert is missing.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type OtlpReceiver, startOtlpReceiver } from '../test/support/otlp-receiver.ts';
import type { Sandbox } from '../test/support/sandbox.ts';
import { undoAll } from './support/cleanup.ts';
import { onOwnGround } from './support/ground.ts';
import { growthOf } from './support/growth.ts';
import { type RunningTelegen, startTelegen } from './support/telegen.ts';

const MINUTE_MS = 60_000;
const SAMPLE_MS = 5_000;
const MAX_GROWTH = 0.05;
/** Share of each minute for which the receiver is away. */
const AWAY = 0.1;
const CONNECTIONS_PER_ROUND = 500;
const ROUND_MS = 1_000;

const minutes = Number(process.argv[2] ?? 30);
const say = (text: string): unknown => process.stdout.write(`${text}\n`);

interface Arrived {
  readonly uids: Set<string>;
  total: number;
}

/** Moves what the receiver holds into a set, so that this process does not grow with it. */
function take(receiver: OtlpReceiver, arrived: Arrived): void {
  const records = receiver.records as unknown[];
  for (const { attributes } of receiver.records) arrived.uids.add(attributes['log.record.uid'] as string);
  arrived.total += records.length;
  records.length = 0;
  (receiver.requests as unknown[]).length = 0;
}

/** Connections to ever other peers: most open a window of their own. */
async function load(ground: Sandbox, untilMs: number): Promise<number> {
  let rounds = 0;
  while (performance.now() < untilMs) {
    const began = performance.now();
    const peer = `198.51.${100 + (rounds % 2)}.${1 + (rounds % 250)}`;
    await ground.peer(`repeat ${CONNECTIONS_PER_ROUND} tcp4 connect ${peer} 4444 close`).end();
    rounds += 1;
    await pause(Math.max(0, ROUND_MS - (performance.now() - began)));
  }
  return rounds * CONNECTIONS_PER_ROUND;
}

async function watchMemory(telegen: RunningTelegen, untilMs: number): Promise<number[]> {
  const samples: number[] = [];
  while (performance.now() < untilMs) {
    await pause(SAMPLE_MS);
    samples.push(telegen.memory('VmRSS'));
  }
  return samples;
}

async function interrupt(receiver: OtlpReceiver, arrived: Arrived, untilMs: number): Promise<OtlpReceiver> {
  let current = receiver;
  while (performance.now() < untilMs) {
    await pause(Math.min(MINUTE_MS * (1 - AWAY), Math.max(0, untilMs - performance.now())));
    take(current, arrived);
    if (performance.now() >= untilMs) break;
    await current.stop();
    await pause(MINUTE_MS * AWAY);
    current = await startOtlpReceiver({ port: receiver.port });
  }
  return current;
}

function amount(text: string, what: RegExp): number {
  return Number(what.exec(text)?.[1] ?? 0);
}

async function soak(ground: Sandbox): Promise<boolean> {
  const arrived: Arrived = { uids: new Set(), total: 0 };
  const receiver = await startOtlpReceiver();
  const configFile = `${ground.folder}/soak.yaml`;
  const spool = { directory: `${ground.folder}/spool` };
  writeFileSync(
    configFile,
    JSON.stringify({
      otlp: { endpoint: `http://${receiver.address}` },
      alerts: { spool },
      agent: { telemetry: { listen: { port: 19_399 } }, network: { security: { merge_window: '10s' } } },
    }),
  );
  const telegen = await startTelegen({ cgroup: ground.cgroup, configFile });
  const untilMs = performance.now() + minutes * MINUTE_MS;
  const [connections, samples, last] = await Promise.all([
    load(ground, untilMs),
    watchMemory(telegen, untilMs),
    interrupt(receiver, arrived, untilMs),
  ]);
  await pause(SAMPLE_MS);
  const words = await telegen.stop();
  take(last, arrived);
  await last.stop();
  const { growth, text } = growthOf(samples);
  const accepted = amount(words, /otlp: (\d+) accepted/);
  const kept = amount(words, /(\d+) kept on disk/);
  const lost = amount(words, /otlp: .*?(\d+) lost/);
  say(words.trim().split('\n').slice(-8).join('\n'));
  say(
    `${connections} connections; ${arrived.uids.size} alerts arrived (${arrived.total - arrived.uids.size} repeats), ${kept} kept, ${lost} lost, of ${accepted}`,
  );
  say(`${text} (limit ${MAX_GROWTH * 100} %)`);
  return growth <= MAX_GROWTH && arrived.uids.size + kept + lost === accepted;
}

try {
  process.exitCode = (await onOwnGround(soak)) ? 0 : 1;
} finally {
  await undoAll();
}
process.exit();
