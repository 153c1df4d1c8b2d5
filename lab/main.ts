import { styleText } from 'node:util';
import type { Severity } from '../src/model/finding.ts';
import { formatPretty } from '../src/telemetry/export/pretty.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../test/support/sandbox.ts';
import { type OutputLine, spawnTelegen, type Telegen } from '../test/support/telegen.ts';
import { type Ground, prepareGround } from './ground.ts';
import { createLedger, type Verdict } from './ledger.ts';
import { STORY } from './story.ts';

const EXIT = { pass: 0, fail: 1, host: 3, interrupted: 130 } as const;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const isTerminal = process.stdout.isTTY === true;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function heading(text: string): void {
  say(isTerminal ? `\n${styleText('bold', text)}` : `\n${text}`);
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ');
}

/** As `telegen run --output pretty` prints it. */
function show({ timestamp, severity, body = '', attributes }: OutputLine): void {
  const alert = { uid: '', timeMs: Date.parse(timestamp), severity: severity as Severity, body, attributes };
  say(indented(formatPretty(alert, { colour: isTerminal })));
}

function summary({ pass, expected, seen, missing, unasked }: Verdict): void {
  for (const { body, attributes } of missing) {
    const parts = Object.entries(attributes).map(([name, value]) => `${name}=${String(value)}`);
    say(`missing: ${body} (${parts.join(', ')})`);
  }
  for (const { body, attributes } of unasked)
    say(`not expected: ${body} (${String(attributes['net.peer.ip'] ?? '')})`);
  heading(`${STORY.length} steps, ${expected} alerts expected, ${seen} seen: ${pass ? 'PASS' : 'FAIL'}`);
}

async function play(ground: Ground, telegen: Telegen): Promise<boolean> {
  const ledger = createLedger({ alerts: () => telegen.alerts(), onAlert: show });
  for (const [index, step] of STORY.entries()) {
    heading(`${index + 1}. ${step.tells}`);
    ledger.expect(step.alerts(ground));
    await step.play(ground);
    await ledger.settle();
  }
  heading('telegen is told to stop, and closes its books:');
  const { code, stderr } = await telegen.stop();
  say(indented(stderr.slice(stderr.indexOf('telegen: records:'))));
  const verdict = ledger.verdict();
  summary(verdict);
  return verdict.pass && code === 0;
}

/** What has to be ended, whatever happens. */
interface Stage {
  sandbox?: Sandbox;
  telegen?: Telegen;
}

async function perform(stage: Stage): Promise<boolean> {
  heading('A small world: a watched host (192.0.2.2) with a web shop, and everything else outside.');
  stage.sandbox = await openSandbox();
  const ground = await prepareGround(stage.sandbox);
  const telegen = spawnTelegen([
    'run',
    '-c',
    ground.config,
    '--cgroup',
    ground.sandbox.cgroup,
    '--output',
    'jsonl',
  ]);
  stage.telegen = telegen;
  await telegen.says('telegen: ready');
  say(indented(telegen.stderr()));
  return play(ground, telegen);
}

async function clear({ sandbox, telegen }: Stage): Promise<void> {
  if (telegen?.isRunning) await telegen.stop();
  await sandbox?.close();
}

/** Resolves at Ctrl-C and the like, so that everything is cleaned up. */
function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.on(signal, () => resolve('interrupted'));
  });
}

async function main(): Promise<number> {
  const lacking = whyNoSandbox();
  if (lacking !== undefined) {
    process.stderr.write(`lab: ${lacking}\n`);
    return EXIT.host;
  }
  const stage: Stage = {};
  const story = perform(stage);
  try {
    const result = await Promise.race([story, interruption()]);
    if (result === 'interrupted') return EXIT.interrupted;
    return result ? EXIT.pass : EXIT.fail;
  } catch (error) {
    process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.fail;
  } finally {
    // When it was interrupted, the story fails while the stage is cleared under it.
    story.catch(() => undefined);
    await clear(stage);
  }
}

process.exit(await main());
