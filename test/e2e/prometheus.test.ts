import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Specification } from '../../scripts/extract-specification.ts';
import { createDelivery } from '../../src/alerts/deliver.ts';
import { createMerger } from '../../src/alerts/merge.ts';
import { type Metrics, openMetrics } from '../../src/cli/metrics/metrics.ts';
import type { ConnectionEvent, ContentEvent } from '../../src/model/event.ts';
import type { Attributes } from '../../src/model/finding.ts';
import { createEngine } from '../../src/pipeline/engine.ts';
import { loadText } from '../config/helpers.ts';
import { eventually } from '../support/eventually.ts';
import { connection, dns, http, stats, type Talk } from '../telemetry/support/aggregate.ts';

const facts = JSON.parse(
  readFileSync(new URL('../specification.json', import.meta.url), 'utf8'),
) as Specification;
const installed = spawnSync('prometheus', ['--version']).status === 0;
const BEAT_MS = 50;

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const orders: Talk = { client: '10.0.0.9 5000', server: '10.0.0.1 8080', by: 'server', comm: 'orders' };
const users: Talk = { ...orders, server: '10.0.0.1 8081', comm: 'users' };
const asking: Talk = { client: '10.0.0.1 4000', server: '10.0.0.53 53', comm: 'orders' };
const store: Talk = { client: '10.0.0.1 6000', server: '10.0.0.7 5432', comm: 'orders' };

const pod: Talk = { client: '10.0.0.1 6000', server: '10.0.0.8 5432', comm: 'api', pod: 'api-server' };
/** Filled by what the Kubernetes API tells, which is not part of this test. */
const OF_KUBERNETES = 'k8s_dst_service';

/** What happens at each beat: always the same, so that shares of rates are exact. */
function beat(n: number): (ConnectionEvent | ContentEvent)[] {
  const timeMs = Date.now();
  const now = <T extends Talk>(talk: T): Talk => ({ ...talk, timeMs });
  const podded = { ...now(pod), client: `10.0.0.1 ${20_000 + (n % 10_000)}`, socketId: 20_000 + n };
  const short = { ...now(store), client: `10.0.0.1 ${7_000 + (n % 10_000)}`, socketId: 100 + n };
  return [
    ...Array.from({ length: 8 }, () => http(now(orders), { durationMs: 20 })),
    http(now(orders), { statusCode: 503, durationMs: 20 }),
    http(now(users), { statusCode: 500, durationMs: 300 }),
    ...Array.from({ length: 3 }, () => dns(now(asking), { questionName: 'a.example.com', latencyMs: 0.2 })),
    dns(now(asking), { questionName: 'b.example.com', responseCode: 'NXDOMAIN', latencyMs: 0.2 }),
    connection(short, { phase: 'established' }),
    connection(short, {
      phase: 'closed',
      reason: 'closed',
      stats: stats({ segmentsSent: 40, retransmits: 2 }),
    }),
    connection(podded, { phase: 'established', handshakeRttUs: 900 }),
    connection(podded, {
      phase: 'closed',
      reason: 'closed',
      stats: stats({ segmentsSent: 40, retransmits: 2 }),
    }),
    connection({ ...now(store), socketId: 50 }, { phase: 'failed', reason: 'refused', stats: stats() }),
  ];
}

describe.skipIf(!installed)(
  `a real Prometheus${installed ? '' : ' (SKIP: the package prometheus is not installed)'}`,
  () => {
    const folder = mkdtempSync(`${tmpdir()}/telegen-prometheus-`);
    let metrics: Metrics;
    let prometheus: ChildProcess;
    let api: string;
    let timer: NodeJS.Timeout;

    beforeAll(async () => {
      const [port, webPort] = [await freePort(), await freePort()];
      const { config } = loadText(`agent: {telemetry: {listen: {port: ${port}}}}`);
      const say = (): void => {};
      const diagnostics = { info: say, warn: say, error: say };
      const names = { routeOf: () => undefined, rename: (attributes: Attributes) => attributes };
      metrics = openMetrics({ config, version: '0', diagnostics, ...names });
      const merger = createMerger({ windowMs: 1_000, newUid: () => 'u' });
      const parts = { detectors: [], merger, delivery: createDelivery({ sinks: [] }), interfaces: undefined };
      const engine = createEngine({
        ...parts,
        newUid: () => 'u',
        onEvent: metrics.onEvent,
        onProblem: say,
      });
      metrics.attach({ engine: engine.counters, merger: merger.counters });
      for (const socketId of [1, 2, 3]) {
        const open = { ...store, client: `10.0.0.1 ${socketId}`, socketId };
        engine.handle(connection(open, { phase: 'established' }));
      }
      let beats = 0;
      timer = setInterval(() => {
        for (const event of beat(beats++)) engine.handle(event);
        metrics.tick(Date.now());
      }, BEAT_MS);
      const scrape = `{ job_name: telegen, scrape_interval: 500ms, scrape_timeout: 500ms, static_configs: [{ targets: ["127.0.0.1:${port}"] }] }`;
      writeFileSync(`${folder}/prometheus.yml`, `scrape_configs: [${scrape}]\n`);
      const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
      prometheus = spawn(
        'prometheus',
        [...args, `--web.listen-address=127.0.0.1:${webPort}`, '--log.level=error'],
        {
          stdio: 'ignore',
        },
      );
      api = `http://127.0.0.1:${webPort}/api/v1`;
    });

    afterAll(async () => {
      clearInterval(timer);
      prometheus?.kill('SIGKILL');
      await metrics?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function query(promql: string): Promise<Sample[]> {
      const response = await fetch(`${api}/query?query=${encodeURIComponent(promql)}`).catch(() => undefined);
      if (response?.status !== 200) return [];
      const { data } = (await response.json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    }

    /** Asks until the answer has as many series as expected, all of them numbers. */
    async function answer(title: string, series: number): Promise<Sample[]> {
      const { promql } = facts.expressions.find((expression) => expression.title === title) ?? {};
      if (promql === undefined) throw new Error(`the page has no expression "${title}"`);
      let found: Sample[] = [];
      let asking_ = false;
      const isWhole = (): boolean =>
        found.length === series && found.every(({ value }) => Number.isFinite(value));
      await eventually(
        () => {
          if (!asking_ && !isWhole()) {
            asking_ = true;
            void query(promql).then((next) => {
              found = next;
              asking_ = false;
            });
          }
          return isWhole();
        },
        () => `${series} series for ${promql}; got ${JSON.stringify(found)}`,
      );
      return found;
    }

    const by = (samples: readonly Sample[], label: string): Record<string, number> =>
      Object.fromEntries(samples.map(({ metric, value }) => [metric[label] ?? '', value]));

    test('finds nothing wrong with what it scrapes', async () => {
      await answer('Request rate by service', 2);
      const { data } = (await (await fetch(`${api}/targets`)).json()) as {
        data: { activeTargets: { health: string; lastError: string }[] };
      };
      expect(data.activeTargets).toMatchObject([{ health: 'up', lastError: '' }]);
    });

    test('Request rate by service', async () => {
      const rates = by(await answer('Request rate by service', 2), 'service_name');
      expect((rates.orders ?? 0) / (rates.users ?? 0)).toBeCloseTo(9, 1);
    });

    test('Error rate', async () => {
      const [share] = await answer('Error rate', 1);
      expect(share?.value).toBeCloseTo(0.2, 2);
    });

    test('Latency percentiles', async () => {
      const seconds = by(await answer('Latency percentiles', 2), 'service_name');
      // 20 ms and 300 ms lie in the buckets up to 25 and 500 ms.
      expect(seconds.orders).toBeGreaterThan(0.01);
      expect(seconds.orders).toBeLessThanOrEqual(0.025);
      expect(seconds.users).toBeGreaterThan(0.25);
      expect(seconds.users).toBeLessThanOrEqual(0.5);
    });

    test('Active connections by service pair', async () => {
      const open = await answer('Active connections by service pair', 1);
      const pairs = open.map(({ metric, value }) => [metric.client, metric.server, value]);
      expect(pairs).toEqual([['orders', '10.0.0.7:5432', 3]]);
    });

    test('Connection errors', async () => {
      const errors = by(await answer('Connection errors', 5), 'error_type');
      expect(errors.refused).toBeGreaterThan(0);
      expect([errors.timeout, errors.reset]).toEqual([0, 0]);
    });

    test('Retransmit rate', async () => {
      const [share] = await answer('Retransmit rate', 1);
      expect(share?.value).toBeCloseTo(0.05, 3);
    });

    test('DNS query rate', async () => {
      const rates = by(await answer('DNS query rate', 2), 'domain');
      expect((rates['a.example.com'] ?? 0) / (rates['b.example.com'] ?? 0)).toBeCloseTo(3, 1);
    });

    test('DNS latency', async () => {
      const [seconds] = await answer('DNS latency', 1);
      expect(seconds?.value).toBeGreaterThan(0.0001);
      expect(seconds?.value).toBeLessThanOrEqual(0.00025);
    });

    test('DNS errors', async () => {
      const [errors] = await answer('DNS errors', 1);
      // Twenty beats a second, one error each; the window is mostly before the first scrape.
      expect(errors?.value).toBeGreaterThan(0);
      expect(errors?.value).toBeLessThan(1_000 / BEAT_MS + 1);
    });

    const labelled = Object.entries(facts.labels).flatMap(([name, labels]) =>
      labels.filter((label) => label !== OF_KUBERNETES).map((label) => [name, label] as const),
    );
    test.each(labelled)('%s has its label %s filled', async (name, label) => {
      let found: Sample[] = [];
      const ask = async (): Promise<void> => {
        found = await query(`count(${name}{${label}!=""})`);
        if (found.length === 0) setTimeout(() => void ask(), BEAT_MS);
      };
      void ask();
      await eventually(
        () => (found[0]?.value ?? 0) > 0,
        () => `a series of ${name} with ${label}`,
      );
    });

    test('no expression of the page is left out', () => {
      const tested = [
        'Request rate by service',
        'Error rate',
        'Latency percentiles',
        'Active connections by service pair',
        'Connection errors',
        'Retransmit rate',
        'DNS query rate',
        'DNS latency',
        'DNS errors',
      ];
      expect(facts.expressions.map(({ title }) => title)).toEqual(tested);
    });
  },
);
