import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseIp } from '../../../src/net/ip.ts';
import { openRedisStore } from '../../../src/reputation/scores/redis-store.ts';
import { type Reputation, startReputation } from '../../../src/reputation/scores/reputation.ts';
import { eventually } from '../../support/eventually.ts';
import { type FaultyProxy, startFaultyProxy } from '../../support/faulty-proxy.ts';
import { createRedisServer, type RedisServer, whyNoRedis } from './redis-server.ts';

const skip = whyNoRedis();
const SAYING = { source: 'blocklist', score: 60, ttlMs: 3_600_000 };

describe.skipIf(skip !== undefined)(
  `a network that fails${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let server: RedisServer;
    let proxy: FaultyProxy;
    let agents: Reputation[];

    beforeAll(async () => {
      server = await createRedisServer();
      await server.start();
    });
    beforeEach(async () => {
      agents = [];
      proxy = await startFaultyProxy(server.port);
    });
    afterEach(async () => {
      for (const agent of agents) await agent.close();
      await proxy.close();
    });
    afterAll(() => server?.close());

    async function agent(name: string, address: string, timeoutMs = 300): Promise<Reputation> {
      const store = await openRedisStore({ ...server.settings, addresses: [address], timeoutMs });
      const started = startReputation({ store, agent: name, pollMs: 20, onReport: () => undefined });
      agents.push(started);
      return started;
    }
    const knows = (at: Reputation, ip: string) =>
      eventually(
        () => (at.lookup.scoreOf(parseIp(ip)!, Date.now())?.score ?? 0) > 50,
        () => `${ip}; ${JSON.stringify(at.counters())}`,
      );

    test('cut: nobody answers any more, nothing waits, and all comes together afterwards', async () => {
      const far = await agent('far', proxy.address);
      const near = await agent('near', `127.0.0.1:${server.port}`);
      near.sight('198.51.100.1', SAYING);
      await knows(far, '198.51.100.1');
      proxy.fault({ kind: 'silent' });
      await eventually(() => far.counters().failures > 0, 'a call that gave up');
      far.sight('198.51.100.2', SAYING);
      near.sight('198.51.100.3', SAYING);
      expect(far.lookup.scoreOf(parseIp('198.51.100.1')!, Date.now())?.score).toBeGreaterThan(50);
      proxy.fault({ kind: 'pass' });
      await knows(far, '198.51.100.3');
      await knows(near, '198.51.100.2');
    });

    test('refused, then there again', async () => {
      const far = await agent('far', proxy.address);
      await eventually(() => far.counters().isConnected, 'a connection');
      proxy.fault({ kind: 'refuse' });
      await eventually(() => far.counters().failures > 0, 'a failure');
      far.sight('198.51.100.4', SAYING);
      expect(far.counters().pending).toBe(1);
      proxy.fault({ kind: 'pass' });
      await knows(await agent('near', `127.0.0.1:${server.port}`), '198.51.100.4');
    });

    test('slow: everything arrives, later', async () => {
      proxy.fault({ kind: 'slow', delayMs: 60 });
      const far = await agent('far', proxy.address, 2_000);
      await eventually(() => far.counters().isConnected, 'a connection');
      const { failures } = far.counters();
      far.sight('198.51.100.5', SAYING);
      await knows(await agent('near', `127.0.0.1:${server.port}`), '198.51.100.5');
      expect(far.counters().failures).toBe(failures);
    });
  },
);
