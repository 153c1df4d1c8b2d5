/**
 * Spool, sink and receiver in one process, for a test that runs it in a network namespace of its own: node blackhole-child.ts FOLDER.
 * In the middle of the flow the packet filter swallows every packet to the receiver, so that the connection is open for one end
 * only; later it lets them pass again. Prints the books, what arrived and what was said, as JSON.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { openSpool } from '../../src/alerts/spool/spool-sink.ts';
import { resolveOtlpOptions } from '../../src/telemetry/export/otlp-options.ts';
import { createOtlpSink } from '../../src/telemetry/export/otlp-sink.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';

const [directory = ''] = process.argv.slice(2);
const nft = (rules: string): void => void execFileSync('nft', ['-f', '-'], { input: rules });
const receiver = await startOtlpReceiver();
const otlp = resolveOtlpOptions({ endpoint: `http://${receiver.address}`, timeoutMs: 500 }, {});
if (otlp === undefined) throw new Error('no endpoint');
const said: string[] = [];
const sink = await createOtlpSink({
  otlp,
  serviceVersion: '0',
  env: {},
  tuning: { batchSize: 64, baseDelayMs: 20, maxDelayMs: 100 },
  onReport: ({ message }) => void said.push(message),
});
const spool = await openSpool({
  directory,
  sink,
  maxBytes: 16 * 1024 * 1024,
  maxAgeMs: 3_600_000,
  syncIntervalMs: 1,
  reporter: { problem: (_topic, message) => void said.push(message), recovered: () => {} },
});

let sent = 0;
function send(count: number): void {
  for (const end = sent + count; sent < end; sent += 1)
    spool.send({
      uid: `alert-${sent}`,
      timeMs: sent,
      severity: 'ERROR',
      body: `body of ${sent}`,
      attributes: {},
    });
}
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 2_000) throw new Error(`in vain: ${JSON.stringify({ counters: spool.counters, said })}`);
    await pause(10);
  }
}

send(100);
await until(() => spool.counters.delivered === 100);
nft(`table inet hole {
  chain in {
    type filter hook input priority 0;
    tcp dport ${receiver.port} drop
  }
}
`);
send(500);
await until(() => said.some((message) => message.includes('cannot be sent')));
const whileGone = { ...spool.counters };
nft('delete table inet hole\n');
await until(() => spool.counters.delivered === sent);
const uids = receiver.records.map(({ attributes }) => attributes['log.record.uid']);
process.stdout.write(`${JSON.stringify({ whileGone, counters: spool.counters, uids, said })}\n`);
process.exit(0);
