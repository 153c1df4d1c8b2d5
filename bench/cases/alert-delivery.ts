import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { openSpool } from '../../src/alerts/spool/spool-sink.ts';
import type { Alert } from '../../src/model/finding.ts';
import { SEVERITIES } from '../../src/model/finding.ts';
import type { AlertSink } from '../../src/model/sink.ts';
import { resolveOtlpOptions } from '../../src/telemetry/export/otlp-options.ts';
import { createOtlpSink } from '../../src/telemetry/export/otlp-sink.ts';
import type { BenchContext, Benchmark, Outcome } from '../model.ts';
import { quantile, summarise } from '../statistics.ts';
import { undoLater } from '../support/cleanup.ts';

const COLLECTOR = fileURLToPath(new URL('../support/log-collector.ts', import.meta.url));
/** Alerts handed over in one turn of the event loop: a batch of records out of the kernel brings about as many. */
const BURST = 64;
const STEADY_RATE = 1_000;
const TIME_MS = Date.UTC(2024, 0, 15, 10, 30);

export const alertDelivery: Benchmark = {
  name: 'alert-delivery',
  title: 'Alerts to the collector, through the spool',
  work:
    'Alerts of 17 attributes are handed over in bursts of 64; timed until the collector, a process of its own, has accepted the ' +
    'last. Latency: one alert each millisecond, from handing over to acceptance, the sync to disk included.',
  compares:
    'spool and OTLP sink; OTLP sink alone (memory); the SDK with its batch processor and exporter alone.',
  live: false,
  run: async ({ quick, say }: BenchContext) => {
    const collector = spawn(process.execPath, [COLLECTOR], { stdio: ['pipe', 'pipe', 'inherit'] });
    const end = undoLater(async () => void collector.stdin.end());
    const [port] = (await once(collector.stdout, 'data')) as [Buffer];
    try {
      return await measure(`http://127.0.0.1:${String(port).trim()}`, quick ? 2 : 3, { quick, say });
    } finally {
      await end();
    }
  },
};

function alertOf(index: number): Alert {
  const peer = `198.51.100.${index % 256}`;
  return {
    uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    timeMs: TIME_MS + index,
    severity: SEVERITIES[index % SEVERITIES.length] ?? 'INFO',
    body: 'Suspicious outbound connection to known bad IP',
    attributes: {
      'network.event_type': 'suspicious_connection',
      'telegen.detector': 'blocklist',
      'telegen.reasons': ['blocklist', 'suspicious_port'],
      'net.host.ip': '192.0.2.10',
      'net.host.port': 20_000 + (index % 40_000),
      'net.peer.ip': peer,
      'net.peer.port': 4444,
      'network.transport': 'tcp',
      'network.io.direction': 'outbound',
      'process.pid': 12_345,
      'process.parent_pid': 1,
      'process.executable.path': '/tmp/shell',
      'process.command_line': '/tmp/shell --connect',
      'process.user.name': 'app',
      'container.id': 'c0ffee',
      'k8s.pod.name': 'compromised-pod',
      'telegen.list.name': ['documentation'],
    },
  };
}

async function otlpTo(endpoint: string): Promise<AlertSink> {
  const otlp = resolveOtlpOptions({ endpoint }, {});
  if (otlp === undefined) throw new Error('no endpoint');
  return createOtlpSink({ otlp, serviceVersion: 'bench', env: {}, tuning: { capacity: 200_000 } });
}

async function spoolTo(endpoint: string): Promise<AlertSink> {
  const directory = mkdtempSync(`${tmpdir()}/telegen-bench-spool-`);
  const remove = undoLater(async () => rmSync(directory, { recursive: true, force: true }));
  const fail = (_topic: string, message: string): never => {
    throw new Error(message);
  };
  const spool = await openSpool({
    directory,
    sink: await otlpTo(endpoint),
    maxBytes: 1_073_741_824,
    maxAgeMs: 3_600_000,
    syncIntervalMs: 10,
    reporter: { problem: fail, recovered: () => {} },
    limits: { maxPending: 200_000 },
  });
  const close = spool.close.bind(spool);
  return Object.assign(spool, {
    close: async () => {
      await close();
      await remove();
    },
  });
}

/** Alerts a second, by the clock and by the processor time of this process: the collector has its own. */
interface Rate {
  readonly clock: number;
  readonly processor: number;
}

function startTimer(count: number): () => Rate {
  const began = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return {
      clock: (count * 1000) / (performance.now() - began),
      processor: (count * 1e6) / (user + system),
    };
  };
}

async function rateOf(open: Promise<AlertSink>, count: number): Promise<Rate> {
  const sink = await open;
  const timer = startTimer(count);
  for (let index = 0; index < count; index += 1) {
    sink.send(alertOf(index));
    if (index % BURST === BURST - 1) await turn();
  }
  if (!(await sink.flush(60_000)))
    throw new Error(`alerts were left behind: ${JSON.stringify(sink.counters)}`);
  const rate = timer();
  if (sink.counters.delivered !== count) throw new Error('alerts were lost');
  await sink.close();
  return rate;
}

/** What the SDK does by itself: no spool, no retry; its queue is made large enough to lose nothing here. */
async function sdkRate(url: string, count: number): Promise<Rate> {
  const exporter = new OTLPLogExporter({ url });
  const processor = new BatchLogRecordProcessor({ exporter, maxQueueSize: count, maxExportBatchSize: 512 });
  const provider = new LoggerProvider({ processors: [processor] });
  const logger = provider.getLogger('bench');
  const timer = startTimer(count);
  for (let index = 0; index < count; index += 1) {
    const { uid, timeMs, severity, body, attributes } = alertOf(index);
    const anyAttributes = { ...attributes, 'log.record.uid': uid } as Record<string, string>;
    logger.emit({
      timestamp: timeMs,
      severityNumber: SeverityNumber.WARN,
      severityText: severity,
      body,
      attributes: anyAttributes,
    });
    if (index % BURST === BURST - 1) await turn();
  }
  await provider.forceFlush();
  const rate = timer();
  await provider.shutdown();
  return rate;
}

/** Milliseconds from handing over to acceptance by the collector. */
async function latencies(endpoint: string, seconds: number): Promise<number[]> {
  const otlp = await otlpTo(endpoint);
  const sentAt = new Map<string, number>();
  const taken: number[] = [];
  const timed: AlertSink = {
    ...otlp,
    send: (alert, settled) =>
      otlp.send(alert, (outcome) => {
        taken.push(performance.now() - (sentAt.get(alert.uid) ?? 0));
        sentAt.delete(alert.uid);
        settled?.(outcome);
      }),
  };
  const directory = mkdtempSync(`${tmpdir()}/telegen-bench-spool-`);
  const spool = await openSpool({
    directory,
    sink: timed,
    maxBytes: 1_073_741_824,
    maxAgeMs: 3_600_000,
    syncIntervalMs: 10,
    reporter: { problem: () => {}, recovered: () => {} },
  });
  const began = performance.now();
  for (let sent = 0; sent < seconds * STEADY_RATE; ) {
    for (; sent < performance.now() - began; sent += 1) {
      const alert = alertOf(sent);
      sentAt.set(alert.uid, performance.now());
      spool.send(alert);
    }
    await turn();
  }
  await spool.flush(60_000);
  await spool.close();
  rmSync(directory, { recursive: true, force: true });
  return taken;
}

async function measure(
  endpoint: string,
  rounds: number,
  { quick, say }: { quick: boolean; say: (text: string) => void },
): Promise<Outcome> {
  const count = quick ? 10_000 : 60_000;
  const ways: Readonly<Record<string, () => Promise<Rate>>> = {
    'spool and OTLP sink': () => rateOf(spoolTo(endpoint), count),
    'OTLP sink alone': () => rateOf(otlpTo(endpoint), count),
    'the SDK alone': () => sdkRate(endpoint, count),
  };
  const raw: Record<string, number[]> = {};
  // The first round only warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, way] of Object.entries(ways)) {
      const { clock, processor } = await way();
      if (round === 0) continue;
      for (const [key, value] of [[name, clock] as const, [`${name}, by processor time`, processor] as const])
        raw[key] = [...(raw[key] ?? []), value];
    }
    say(`round ${round}`);
  }
  const latency = await latencies(endpoint, quick ? 2 : 5);
  const p99 = quantile(latency, 0.99);
  const rates = Object.entries(raw).map(([label, samples]) => ({
    label,
    unit: 'alerts/s',
    ...summarise(samples),
  }));
  return {
    rows: [
      ...rates.map((row) =>
        row.label === 'spool and OTLP sink'
          ? { ...row, target: { sense: '>=', value: 20_000 } as const }
          : row,
      ),
      {
        label: 'handing over to acceptance at 1,000 alerts/s',
        unit: 'ms',
        value: p99,
        low: quantile(latency, 0.5),
        high: Math.max(...latency),
        samples: latency.length,
        spread: '99th percentile; median, largest',
        target: { sense: '<=', value: 100 },
      },
    ],
    raw,
  };
}
