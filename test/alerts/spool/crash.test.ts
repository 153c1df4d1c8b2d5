import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { type OtlpReceiver, type ReceivedRecord, startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { createRandom } from '../../support/traffic/random.ts';

const CHILD = fileURLToPath(new URL('../../support/spool-child.ts', import.meta.url));
const ALERTS = 5_000;
/** `TELEGEN_KILLS=200` is the whole fault suite; few are enough to catch a mistake in the order of things. */
const KILLS = Number(process.env.TELEGEN_KILLS ?? 10);
/** Another seed, other moments. */
const SEED = Number(process.env.TELEGEN_SEED ?? 1);
const LONGEST_LIFE_MS = 120;
const random = createRandom(SEED);

let folder: string;
let receiver: OtlpReceiver;
let child: ChildProcess | undefined;

afterEach(async () => {
  child?.kill('SIGKILL');
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the child with the first so many alerts, but those that an earlier one has taken. */
function start(count: number): ChildProcess {
  const args = [CHILD, `${folder}/spool`, receiver.address, `${folder}/taken`, String(count)];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

const uidOf = (record: ReceivedRecord): string => record.attributes['log.record.uid'] as string;

async function killAtRandom(count: number): Promise<void> {
  child = start(count);
  const ended = once(child, 'exit');
  // Some die while they start and read what is left, some while they send, some while they deliver.
  await Promise.race([
    once(child.stdout as NodeJS.ReadableStream, 'data'),
    ended,
    pause(random.below(1_500)),
  ]);
  await Promise.race([pause(random.below(LONGEST_LIFE_MS)), ended]);
  child.kill('SIGKILL');
  await ended;
}

it(
  `loses no alert that was taken when it is killed ${KILLS} times (seed ${SEED}); repeats share their uid`,
  async () => {
    folder = mkdtempSync(`${tmpdir()}/telegen-spool-crash-`);
    receiver = await startOtlpReceiver();
    for (let kill = 1; kill <= KILLS; kill += 1) await killAtRandom(Math.floor((ALERTS * kill) / KILLS));
    child = start(ALERTS);
    let errors = '';
    child.stderr?.on('data', (text) => {
      errors += String(text);
    });
    const [code] = await once(child, 'exit');
    expect(`${code}: ${errors}`).toBe('0: ');

    const taken = readFileSync(`${folder}/taken`, 'utf8').split('\n').slice(0, -1);
    const received = new Map<string, Set<unknown>>();
    for (const record of receiver.records) {
      const uid = uidOf(record);
      received.set(uid, (received.get(uid) ?? new Set()).add(record.body));
    }
    expect(new Set(taken).size).toBe(ALERTS);
    expect(taken.filter((uid) => !received.has(uid))).toEqual([]);
    for (const [uid, bodies] of received) expect(bodies).toEqual(new Set([`body of ${uid}`]));
  },
  60_000 + KILLS * 10_000,
);
