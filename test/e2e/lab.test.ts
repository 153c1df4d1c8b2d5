import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createLedger } from '../../lab/ledger.ts';
import { type Expected, fits } from '../../lab/story.ts';
import { cgroup2Mount } from '../../src/capture/live/cgroup.ts';
import { TEST_PREFIX } from '../support/cgroups.ts';
import { eventually } from '../support/eventually.ts';
import { whyNoSandbox } from '../support/sandbox.ts';
import type { OutputLine } from '../support/telegen.ts';

const skip = whyNoSandbox();
const LAB = fileURLToPath(new URL('../../lab/main.ts', import.meta.url));

function startLab() {
  const child = spawn(process.execPath, [LAB], { stdio: ['ignore', 'pipe', 'pipe'] });
  const seen = { text: '', closed: false };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      seen.text += chunk;
    });
  child.on('close', () => {
    seen.closed = true;
  });
  return { child, seen };
}

function leftBehind(pid: number | undefined): string[] {
  const folders = [cgroup2Mount() ?? '', '/run/netns', tmpdir()];
  return folders
    .flatMap((folder) => readdirSync(folder))
    .filter((name) => name.startsWith(`${TEST_PREFIX}${pid}-`));
}

describe.skipIf(skip !== undefined)(`the lab${skip === undefined ? '' : ` (SKIP: ${skip})`}`, () => {
  it('tells its story, passes, and leaves nothing behind', async () => {
    const { child, seen } = startLab();
    await eventually(
      () => seen.text.includes('its books'),
      () => seen.text,
    );
    await eventually(
      () => seen.closed,
      () => seen.text,
    );
    expect(seen.text).toMatch(/\n10 steps, 9 alerts expected, 9 seen: PASS\n$/);
    expect(child.exitCode).toBe(0);
    expect(leftBehind(child.pid)).toEqual([]);
  });

  it('cleans up at Ctrl-C', async () => {
    const { child, seen } = startLab();
    await eventually(
      () => seen.text.includes('\n5. '),
      () => seen.text,
    );
    child.kill('SIGINT');
    await eventually(
      () => seen.closed,
      () => seen.text,
    );
    expect(child.exitCode).toBe(130);
    expect(leftBehind(child.pid)).toEqual([]);
  });
});

describe("the lab's ledger", () => {
  const line = (body: string, port: number): OutputLine => ({
    timestamp: '2026-01-01T00:00:00.000Z',
    severity: 'WARNING',
    body,
    attributes: { 'net.peer.port': port },
  });
  const wanted = (body: string, port: number): Expected => ({ body, attributes: { 'net.peer.port': port } });

  it.each([
    ['what was expected came', [line('a', 1), line('b', 2)], [wanted('b', 2), wanted('a', 1)], true],
    ['one is missing', [line('a', 1)], [wanted('a', 1), wanted('b', 2)], false],
    ['one came unasked', [line('a', 1), line('b', 2)], [wanted('a', 1)], false],
    ['one came twice', [line('a', 1), line('a', 1)], [wanted('a', 1)], false],
    ['an ordinary step alerted', [line('a', 1)], [], false],
    ['nothing happened, as expected', [], [], true],
  ])('%s', async (_name, alerts, expected, pass) => {
    const shown: OutputLine[] = [];
    const ledger = createLedger({
      alerts: () => alerts,
      onAlert: (alert) => shown.push(alert),
      patienceMs: 0,
    });
    ledger.expect(expected);
    await ledger.settle();
    expect(ledger.verdict()).toMatchObject({ pass, expected: expected.length, seen: alerts.length });
    expect(shown).toEqual(alerts);
  });

  it.each([
    ['the same', wanted('a', 1), true],
    ['another body', wanted('b', 1), false],
    ['another value', wanted('a', 2), false],
    ['another severity', { ...wanted('a', 1), severity: 'INFO' }, false],
    ['a pattern', { body: 'a', attributes: { 'net.peer.port': /^1$/ } }, true],
    ['an attribute that is not there', { body: 'a', attributes: { 'process.pid': 1 } }, false],
  ])('compares: %s', (_name, expected, answer) => {
    expect(fits(line('a', 1), expected)).toBe(answer);
  });
});
