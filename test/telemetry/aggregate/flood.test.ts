import { beforeAll, describe, expect, test } from 'vitest';
import { createRoutes } from '../../../src/net/http-route.ts';
import { renderMetrics } from '../../../src/telemetry/export/prometheus-text.ts';
import { connection, createWorld, http, START_MS, stats, type Talk } from '../support/aggregate.ts';

const PEERS = 200_000;
const PATHS = 50_000;
const MAX_VALUES = 1_000;
const MAX_SERIES = 10_000;
const EVERY = 20_000;
/** Far more than it takes. */
const DEADLINE_MS = 300_000;

/** A scan from everywhere, and a client that asks for another path each time; all at the default limits. */
describe(`${PEERS} peers and ${PATHS} paths`, () => {
  const routes = createRoutes({ patterns: [], infer: true, maxPerService: 200 });
  const world = createWorld({
    isInternal: () => true,
    routeOf: ({ http: { target, statusCode } }) => routes.routeOf(target, 'shop', statusCode),
  });
  let text = '';

  const peer = (i: number): Talk => ({
    client: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255} 40000`,
    server: '10.200.0.1 443',
    by: 'server',
    comm: 'shop',
    socketId: i + 1,
    timeMs: START_MS + i / 10,
  });

  beforeAll(() => {
    for (let i = 0; i < PEERS; i++) {
      world.see(connection(peer(i), { phase: 'accepted', handshakeRttUs: 100 }));
      // Half of them stay open: more than there is room for.
      if (i % 2 === 0) world.see(connection(peer(i), { phase: 'closed', stats: stats({ bytesSent: 10 }) }));
      if (i % EVERY === 0) world.aggregator.tick(START_MS + i / 10);
    }
    for (let i = 0; i < PATHS; i++) {
      const target = `/${String.fromCharCode(97 + (i % 26))}word${String.fromCharCode(97 + (i % 23))}/${i}x/some`;
      world.see(http({ ...peer(0), timeMs: START_MS + EVERY }, { target }));
    }
    world.aggregator.tick(START_MS + EVERY);
    text = renderMetrics(world.registry.families, 'openmetrics');
  }, DEADLINE_MS);

  test('nothing is lost: what found no series of its own is in the folded ones', () => {
    const sum = (name: string) => Object.values(world.values(name)).reduce((all, value) => all + value, 0);
    expect(sum('tcp_bytes_sent')).toBe((PEERS / 2) * stats().bytesReceived);
    expect(sum('http_server_requests')).toBe(PATHS);
  });

  test('every metric keeps to its series, every label to its values', () => {
    for (const family of world.registry.families) {
      const values = family.labels.map(() => new Set<string>());
      let series = 0;
      family.each((point) => {
        series += 1;
        for (const [i, value] of point.values.entries()) values[i]?.add(value);
      });
      // The folded ones come on top.
      expect([family.spec.name, series <= MAX_SERIES + 2]).toEqual([family.spec.name, true]);
      for (const [i, label] of family.labels.entries())
        if (label.open)
          expect([label.name, (values[i]?.size ?? 0) <= MAX_VALUES + 2]).toEqual([label.name, true]);
    }
  });

  test('folds and what was forgotten are counted', () => {
    const folds = world.values('telegen_metric_folds');
    expect(folds['metric="tcp_connections",label="src_ip"']).toBeGreaterThan(PEERS / 2);
    expect(routes.counters.folded).toBeGreaterThan(0);
    expect(world.values('telegen_tracked_conversations')['']).toBeLessThanOrEqual(65_536);
    expect(world.values('telegen_tracked_conversations_evicted')['']).toBeGreaterThan(0);
    // Those that hold the rest, one for each protocol, come on top.
    expect(world.values('telegen_topology_edges')['']).toBeLessThanOrEqual(5_000 + 2);
    expect(world.values('telegen_topology_folds')['']).toBeGreaterThan(0);
  });

  test('a scrape stays small', () => {
    expect(text.length).toBeLessThan(3_000_000);
    expect(text).toContain('src_ip="~other"');
  });
});
