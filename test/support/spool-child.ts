/**
 * The way of an alert from spool to collector in a process of its own, for tests that kill it:
 * node spool-child.ts DIRECTORY COLLECTOR TAKEN COUNT. Sends the first COUNT alerts but those that the file TAKEN names, a few
 * in each turn of the event loop, adds to that file the uid of each that counts as taken, and ends when all are delivered.
 */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { openSpoolDirectory } from '../../src/alerts/spool/directory.ts';
import { openSpool } from '../../src/alerts/spool/spool-sink.ts';
import { loadAddon } from '../../src/capture/addon.ts';
import { SEVERITIES } from '../../src/model/finding.ts';
import { resolveOtlpOptions } from '../../src/telemetry/export/otlp-options.ts';
import { createOtlpSink } from '../../src/telemetry/export/otlp-sink.ts';

const [path = '', collector = '', takenFile = '', count = '0'] = process.argv.slice(2);
const taken = openSync(takenFile, 'a');
const before = new Set(readFileSync(takenFile, 'utf8').split('\n'));
const opened = openSpoolDirectory(path, (fd) => loadAddon().lockFile(fd));
if (!opened.ok) throw new Error(opened.problem);
const otlp = resolveOtlpOptions({ endpoint: `http://${collector}`, timeoutMs: 5_000 }, {});
if (otlp === undefined) throw new Error('no collector');
const sink = await createOtlpSink({
  otlp,
  serviceVersion: '0',
  env: {},
  tuning: { batchSize: 64, baseDelayMs: 20, maxDelayMs: 100 },
});
const fail = (_topic: string, message: string): never => {
  throw new Error(message);
};
const spool = await openSpool({
  directory: opened.directory.destination('otlp'),
  sink,
  maxBytes: 64 * 1024 * 1024,
  maxAgeMs: 3_600_000,
  syncIntervalMs: 1,
  reporter: { problem: fail, recovered: () => {} },
});

for (let number = 0; number < Number(count); number += 1) {
  const uid = `alert-${number}`;
  if (before.has(uid)) continue;
  const severity = SEVERITIES[number % SEVERITIES.length] ?? 'INFO';
  const attributes = { 'network.event_type': 'suspicious_connection', 'net.peer.port': number };
  spool.send({ uid, timeMs: number, severity, body: `body of ${uid}`, attributes }, (outcome) => {
    if (outcome !== 'spooled') throw new Error(`${uid} settled as ${outcome}`);
    writeSync(taken, `${uid}\n`);
  });
  if (number % 5 === 0) await turn();
}
process.stdout.write('sent\n');
if (!(await spool.flush(20_000))) throw new Error(`left behind: ${JSON.stringify(spool.counters)}`);
await spool.close();
opened.directory.release();
process.stdout.write(`${JSON.stringify(spool.counters)}\n`);
process.exit(0);
