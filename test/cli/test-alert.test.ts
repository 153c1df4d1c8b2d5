import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runTestAlert } from '../../src/cli/test-alert.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts';

let folder: string;
let receiver: OtlpReceiver;

beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/telegen-test-alert-`);
  receiver = await startOtlpReceiver();
  // What the sinks report on the way is not under test here.
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Report {
  readonly ok: boolean;
  readonly uid: string;
  readonly destinations: readonly { destination: string; outcome: string; ms: number }[];
}

async function run(config: object, timeoutMs = 20_000): Promise<{ report: Report; exitCode: number }> {
  const file = `${folder}/telegen.yaml`;
  writeFileSync(file, JSON.stringify(config));
  const { stdout, exitCode } = await runTestAlert({ config: file, format: 'json', timeoutMs });
  return { report: JSON.parse(stdout) as Report, exitCode };
}

it('reaches every destination, whatever these want otherwise, and is told from others', async () => {
  const path = `${folder}/alerts.jsonl`;
  const { report, exitCode } = await run({
    otlp: { endpoint: `http://${receiver.address}` },
    alerts: { file: { path }, otlp: { min_severity: 'CRITICAL' } },
  });
  expect(exitCode).toBe(0);
  expect(report).toMatchObject({
    ok: true,
    destinations: [
      { destination: 'otlp', outcome: 'delivered' },
      { destination: 'file', outcome: 'delivered' },
    ],
  });
  expect(receiver.records).toMatchObject([
    {
      eventName: 'telegen.detection.telegen.test',
      severityText: 'INFO',
      attributes: { 'network.event_type': 'telegen.test', 'log.record.uid': report.uid },
    },
  ]);
  expect(readFileSync(path, 'utf8')).toContain(report.uid);
});

it('says so when a collector does not accept it in time', async () => {
  receiver.failNext(1_000, status.UNAUTHENTICATED, 'who are you');
  const { report, exitCode } = await run({ otlp: { endpoint: `http://${receiver.address}` } }, 500);
  expect(exitCode).toBe(1);
  expect(report).toMatchObject({ ok: false, destinations: [{ destination: 'otlp', outcome: 'timeout' }] });
});

it('is no success without any destination', async () => {
  expect(await run({})).toMatchObject({ exitCode: 1, report: { ok: false, destinations: [] } });
});

it('reads as text by default', async () => {
  const config = `${folder}/telegen.yaml`;
  writeFileSync(config, JSON.stringify({ otlp: { endpoint: `http://${receiver.address}` } }));
  const { stdout } = await runTestAlert({ config, format: 'text', timeoutMs: 20_000 });
  expect(stdout).toMatch(
    /^test alert [0-9a-f-]{36} to OTLP 127\.0\.0\.1:\d+ \(plaintext\)\notlp: accepted after \d+\.\d ms\n$/,
  );
});
