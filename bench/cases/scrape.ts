import { createRoutes } from '../../src/net/http-route.ts';
import { renderMetrics } from '../../src/telemetry/export/prometheus-text.ts';
import { connection, createWorld, http, START_MS, stats } from '../../test/telemetry/support/aggregate.ts';
import type { BenchContext, Benchmark, Outcome, Row } from '../model.ts';
import { summarise } from '../statistics.ts';

const SERIES = 10_000;
const PEERS = 200_000;
const PATHS = 50_000;
/** Metrics that a flow has: each is a series of its own. */
const METRICS_OF_FLOW = 6;

export const scrape: Benchmark = {
  name: 'scrape',
  title: 'Answering a scrape',
  work:
    `The text of /metrics in OpenMetrics, from registered metrics to bytes: with ${SERIES.toLocaleString('en')} series (1,667 flows of six metrics), and after ` +
    `${PEERS.toLocaleString('en')} peers and ${PATHS.toLocaleString('en')} paths, which fill every metric up to its limits. One thread, no HTTP.`,
  compares: 'both, in turns.',
  live: false,
  run: async ({ quick, say }: BenchContext) => measure(quick ? 5 : 31, say),
};

type World = ReturnType<typeof createWorld>;

const ip = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;

/** `ports`: how many servers the peers ask, so that flows differ in more than one label. */
function seePeers(world: World, count: number, ports: number): void {
  for (let i = 0; i < count; i++) {
    const talk = {
      client: `${ip(i % Math.ceil(count / ports))} 40000`,
      server: `10.200.0.1 ${1_000 + (i % ports)}`,
      by: 'server',
      comm: 'shop',
      socketId: i + 1,
    } as const;
    world.see(connection(talk, { phase: 'accepted', handshakeRttUs: 100 }));
    world.see(connection(talk, { phase: 'closed', stats: stats() }));
  }
  world.aggregator.tick(START_MS);
}

function ordinary(): World {
  const world = createWorld({ isInternal: () => true });
  seePeers(world, Math.ceil(SERIES / METRICS_OF_FLOW), 4);
  return world;
}

function flooded(): World {
  const routes = createRoutes({ patterns: [], infer: true, maxPerService: 200 });
  const world = createWorld({
    isInternal: () => true,
    routeOf: ({ http: { target, statusCode } }) => routes.routeOf(target, 'shop', statusCode),
  });
  seePeers(world, PEERS, 50);
  for (let i = 0; i < PATHS; i++)
    world.see(
      http(
        { client: `${ip(i % 2_000)} 40000`, server: '10.200.0.1 443', by: 'server', comm: 'shop' },
        { target: `/word${i}/${i}` },
      ),
    );
  return world;
}

function seriesOf({ registry }: World): number {
  let count = 0;
  for (const family of registry.families)
    family.each(() => {
      count += 1;
    });
  return count;
}

function measure(rounds: number, say: (text: string) => void): Outcome {
  const worlds = { ordinary: ordinary(), flooded: flooded() };
  const raw: Record<keyof typeof worlds, number[]> = { ordinary: [], flooded: [] };
  const once = (world: World): number => {
    const began = performance.now();
    const { length } = Buffer.from(renderMetrics(world.registry.families, 'openmetrics'));
    if (length < 100_000) throw new Error(`a scrape of ${length} bytes`);
    return performance.now() - began;
  };
  for (const world of Object.values(worlds)) once(world);
  for (let round = 0; round < rounds; round++)
    for (const [name, world] of Object.entries(worlds) as [keyof typeof worlds, World][])
      raw[name].push(once(world));
  const [few, many] = [seriesOf(worlds.ordinary), seriesOf(worlds.flooded)];
  say(`${few} and ${many} series`);
  const row = (label: string, samples: readonly number[], limit: number): Row => ({
    label,
    unit: 'ms',
    ...summarise(samples),
    target: { sense: '<=', value: limit },
  });
  return {
    rows: [
      row(`${few.toLocaleString('en')} series`, raw.ordinary, 100),
      row(`at the limits, ${many.toLocaleString('en')} series`, raw.flooded, 500),
    ],
    raw: { 'ordinary ms': raw.ordinary, 'flooded ms': raw.flooded },
  };
}
