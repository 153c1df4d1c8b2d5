import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseIp } from '../../../src/net/ip.ts';
import type { RedisSettings } from '../../../src/reputation/scores/redis-options.ts';
import { openRedisStore } from '../../../src/reputation/scores/redis-store.ts';
import { type Reputation, startReputation } from '../../../src/reputation/scores/reputation.ts';
import type { ScoreStore } from '../../../src/reputation/scores/store.ts';
import { eventually } from '../../support/eventually.ts';
import { record, storeContract } from './contract.ts';
import { createRedisServer, freePort, type RedisServer, whyNoRedis } from './redis-server.ts';

const skip = whyNoRedis();
const title = (text: string) => `${text}${skip === undefined ? '' : ` (SKIP: ${skip})`}`;

/** Opened stores and agents, closed after each test. */
let open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open) await close();
  open = [];
});

/** A client that is connected: calls before that are rejected, as they must be. */
async function connected(settings: RedisSettings): Promise<ScoreStore> {
  const store = await openRedisStore(settings);
  open.push(() => store.close());
  const isUp = { yet: false };
  const tries = setInterval(
    () =>
      void store.readAll().then(
        () => (isUp.yet = true),
        () => undefined,
      ),
    20,
  );
  await eventually(() => isUp.yet, 'a connection');
  clearInterval(tries);
  return store;
}

async function agent(name: string, settings: RedisSettings): Promise<Reputation & { messages: string[] }> {
  const messages: string[] = [];
  const reputation = startReputation({
    store: await openRedisStore(settings),
    agent: name,
    pollMs: 20,
    onReport: ({ message }) => messages.push(message),
  });
  open.push(() => reputation.close());
  return { ...reputation, messages };
}

const SAYING = { source: 'blocklist', score: 60, ttlMs: 3_600_000 };
const scoreOf = (at: Reputation, ip: string) => at.lookup.scoreOf(parseIp(ip)!, Date.now())?.score;
const knows = (at: Reputation, ip: string) =>
  eventually(
    () => (scoreOf(at, ip) ?? 0) > 50,
    () => `${ip}; ${JSON.stringify(at.counters())}`,
  );

describe.skipIf(skip !== undefined)(title('a real Redis'), () => {
  let server: RedisServer;
  let admin: Redis;
  beforeAll(async () => {
    server = await createRedisServer();
    await server.start();
    admin = server.admin();
  });
  afterAll(() => server.close());
  // Not afterwards: agents that are still there would fill it again.
  beforeEach(async () => {
    await admin.config('SET', 'maxmemory', '0');
    await admin.flushall();
  });

  storeContract('Redis', () => connected(server.settings));

  test('what is no record is counted and passed over', async () => {
    const store = await openRedisStore(server.settings);
    open.push(() => store.close());
    await connected(server.settings);
    const odd = [
      'no json',
      '[]',
      'null',
      '{}',
      JSON.stringify({ ...record(), score: 101 }),
      JSON.stringify({ ...record(), value: '0.0.0.0/0' }),
      JSON.stringify({ ...record(), value: '198.51.100.007' }),
      JSON.stringify({ ...record(), updatedMs: Date.now() + 3_600_000 }),
      JSON.stringify({ ...record(), agent: 'x'.repeat(5000) }),
    ];
    for (const [i, text] of odd.entries()) await admin.hset('{telegen}:reputation:records', `odd ${i}`, text);
    await store.write([record()]);
    expect((await store.readAll()).records).toEqual([record()]);
    expect(store.counters.invalid).toBe(odd.length);
  });

  test('what one agent learns the other knows: addresses, networks, names', async () => {
    const [one, two] = [await agent('one', server.settings), await agent('two', server.settings)];
    for (const value of ['198.51.100.7', '2001:db8:bad::7', '203.0.113.0/25', 'evil.example.com'])
      one.sight(value, SAYING);
    for (const ip of ['198.51.100.7', '2001:db8:bad::7', '203.0.113.9']) await knows(two, ip);
    await eventually(
      () => two.lookup.scoreOfName('www.evil.example.com', Date.now()) !== undefined,
      'the name',
    );
    two.sight('198.51.100.7', SAYING);
    await eventually(() => scoreOf(one, '198.51.100.7') === 84, 'both agents together');
    expect(one.lookup.scoreOf(parseIp('198.51.100.7')!, Date.now())).toMatchObject({
      agents: 2,
      sightings: 2,
    });
  });

  test('a later agent learns what was said before, and an agent that restarts what it said itself', async () => {
    const one = await agent('one', server.settings);
    one.sight('198.51.100.7', SAYING);
    await eventually(() => one.counters().published === 1, 'the word to be out');
    await one.close();
    await knows(await agent('two', server.settings), '198.51.100.7');
    const again = await agent('one', server.settings);
    await knows(again, '198.51.100.7');
    again.sight('198.51.100.7', SAYING);
    expect(again.lookup.scoreOf(parseIp('198.51.100.7')!, Date.now())).toMatchObject({
      agents: 1,
      sightings: 2,
    });
  });

  test('a wiped server is filled again by those who know', async () => {
    const [one, two] = [await agent('one', server.settings), await agent('two', server.settings)];
    one.sight('198.51.100.1', SAYING);
    two.sight('198.51.100.2', SAYING);
    await knows(one, '198.51.100.2');
    await admin.flushall();
    await eventually(() => one.counters().resyncs > 1 && two.counters().resyncs > 1, 'both to notice');
    const three = await agent('three', server.settings);
    for (const ip of ['198.51.100.1', '198.51.100.2']) await knows(three, ip);
  });

  test('killed and started again: local knowledge goes on, nothing waits, everything comes together', async () => {
    const [one, two] = [await agent('one', server.settings), await agent('two', server.settings)];
    one.sight('198.51.100.1', SAYING);
    await knows(two, '198.51.100.1');
    await server.signal('SIGKILL');
    await eventually(() => one.counters().failures > 3, 'failures');
    one.sight('198.51.100.3', SAYING);
    two.sight('198.51.100.4', SAYING);
    expect(scoreOf(one, '198.51.100.3')).toBe(60);
    expect(scoreOf(two, '198.51.100.1')).toBeGreaterThan(50);
    await server.start();
    await knows(one, '198.51.100.4');
    await knows(two, '198.51.100.3');
    expect(one.messages).toEqual([
      expect.stringMatching(/^reputation: the shared store fails \(.*\); going on with what is known here$/),
      'reputation: shared again',
    ]);
  });

  test('frozen: calls end in their time, and go on after it thaws', async () => {
    const [one, two] = [await agent('one', server.settings), await agent('two', server.settings)];
    one.sight('198.51.100.1', SAYING);
    await knows(two, '198.51.100.1');
    await server.signal('SIGSTOP');
    await eventually(() => one.counters().failures > 0, 'a call that gave up');
    one.sight('198.51.100.5', SAYING);
    expect(scoreOf(one, '198.51.100.5')).toBe(60);
    await server.signal('SIGCONT');
    await knows(two, '198.51.100.5');
  });

  test('without memory: what is there is read, what is new is kept until there is room', async () => {
    const [one, two] = [await agent('one', server.settings), await agent('two', server.settings)];
    one.sight('198.51.100.1', SAYING);
    await knows(two, '198.51.100.1');
    await admin.config('SET', 'maxmemory', '1');
    one.sight('198.51.100.6', SAYING);
    await eventually(() => one.messages.some((text) => /OOM/.test(text)), 'the refusal');
    expect(one.counters().pending).toBe(1);
    await admin.config('SET', 'maxmemory', '0');
    await knows(two, '198.51.100.6');
    await eventually(() => one.counters().pending === 0, 'the rest');
  });
});

describe.skipIf(skip !== undefined)(title('ways to reach it'), () => {
  let folder: string;
  const servers: RedisServer[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'telegen-redis-ways-'));
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
    rmSync(folder, { recursive: true });
  });
  async function server(lines: readonly string[], args: readonly string[] = []): Promise<RedisServer> {
    const started = await createRedisServer(lines, args);
    servers.push(started);
    await started.start();
    return started;
  }

  test('a user with just the rights that are documented', async () => {
    const plain = await server([]);
    await plain
      .admin()
      .call(
        'ACL',
        'SETUSER',
        'agent',
        'on',
        '>secret',
        '~{telegen}:*',
        '+ping',
        '+info',
        '+hello',
        '+client',
        '+select',
        '+set',
        '+get',
        '+hset',
        '+hdel',
        '+hscan',
        '+xadd',
        '+xread',
        '+xrevrange',
      );
    writeFileSync(join(folder, 'password'), 'secret\n');
    const mine = { ...plain.settings, username: 'agent', passwordFile: join(folder, 'password') };
    const store = await connected(mine);
    await store.write([record()]);
    const { records, cursor } = await store.readAll();
    expect(records).toEqual([record()]);
    expect(await store.changes(cursor)).toMatchObject({ records: [] });
    await store.forget(records);
    writeFileSync(join(folder, 'wrong'), 'wrong');
    const refused = await openRedisStore({ ...mine, passwordFile: join(folder, 'wrong') });
    open.push(() => refused.close());
    await expect(refused.readAll()).rejects.toThrow();
  });

  test('TLS, with the authority that is configured', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'ignore' },
    );
    const port = await freePort();
    const files = [`tls-cert-file ${cert}`, `tls-key-file ${key}`, `tls-ca-cert-file ${cert}`];
    const { settings: plain } = await server([`tls-port ${port}`, 'tls-auth-clients no', ...files]);
    const settings = { ...plain, addresses: [`127.0.0.1:${port}`], tls: true };
    const store = await connected({ ...settings, caFile: cert });
    await store.write([record()]);
    expect((await store.readAll()).records).toEqual([record()]);
    const distrustful = await openRedisStore(settings);
    open.push(() => distrustful.close());
    await expect(distrustful.readAll()).rejects.toThrow();
  });

  test('a cluster: all keys live together', async () => {
    const bus = `cluster-port ${await freePort()}`;
    const node = await server(['cluster-enabled yes', 'cluster-announce-ip 127.0.0.1', bus]);
    await node.admin().call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const store = await connected({ ...node.settings, mode: 'cluster' });
    await store.write([record()]);
    const { records, cursor } = await store.readAll();
    expect(records).toEqual([record()]);
    expect(await store.changes(cursor)).toMatchObject({ records: [] });
  });

  test('sentinels: when the master dies its replica takes over, and agents come together again', async () => {
    const master = await server([]);
    const replica = await server([`replicaof 127.0.0.1 ${master.port}`]);
    const watch = [
      `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds mymaster 400',
      'sentinel failover-timeout mymaster 2000',
    ];
    const sentinel = await server(watch, ['--sentinel']);
    const settings: RedisSettings = { ...sentinel.settings, mode: 'sentinel', masterName: 'mymaster' };
    const [one, two] = [await agent('one', settings), await agent('two', settings)];
    one.sight('198.51.100.1', SAYING);
    await knows(two, '198.51.100.1');
    const at = replica.admin();
    await eventually(() => at.status === 'ready', 'the replica');
    await master.signal('SIGKILL');
    one.sight('198.51.100.2', SAYING);
    await knows(two, '198.51.100.2');
    expect(await at.hlen('{telegen}:reputation:records')).toBe(2);
  });
});
