import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisSettings } from '../../../src/reputation/scores/redis-options.ts';
import { eventually } from '../../support/eventually.ts';

/** Why there is no Redis to test with; undefined when there is. */
export function whyNoRedis(): string | undefined {
  const { status } = spawnSync('redis-server', ['--version']);
  return status === 0 ? undefined : 'redis-server is not installed (scripts/install-packages.sh test)';
}

/** A real server on a loopback port of its own. */
export interface RedisServer {
  readonly port: number;
  readonly settings: RedisSettings;
  start(): Promise<void>;
  /** Ends it with the signal; SIGSTOP and SIGCONT freeze and thaw it. */
  signal(name: NodeJS.Signals): Promise<void>;
  /** Another client, for looking and for spoiling. */
  admin(): Redis;
  close(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

export async function createRedisServer(
  lines: readonly string[] = [],
  args: readonly string[] = [],
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'telegen-redis-'));
  const port = await freePort();
  const file = join(folder, 'redis.conf');
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      'save ""',
      'appendonly no',
      'daemonize no',
      ...lines,
    ].join('\n'),
  );
  let child: ChildProcess | undefined;
  const clients: Redis[] = [];

  async function ended(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child?.once('exit', resolve);
    });
  }
  function admin(): Redis {
    const client = new Redis(port, '127.0.0.1', { retryStrategy: (times) => Math.min(50 * times, 500) });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }
  return {
    port,
    settings: {
      mode: 'standalone',
      addresses: [`127.0.0.1:${port}`],
      database: 0,
      tls: false,
      timeoutMs: 500,
      prefix: 'telegen',
    },
    admin,
    async start() {
      child = spawn('redis-server', [file, ...args], { stdio: 'ignore' });
      const probe = new Redis(port, '127.0.0.1', { retryStrategy: () => 30 });
      probe.on('error', () => undefined);
      let isUp = false;
      probe.on('ready', () => {
        isUp = true;
      });
      await eventually(() => isUp, `redis-server on port ${port}`);
      probe.disconnect();
    },
    async signal(name) {
      child?.kill(name);
      if (name !== 'SIGSTOP' && name !== 'SIGCONT') await ended();
    },
    async close() {
      for (const client of clients) client.disconnect();
      child?.kill('SIGCONT');
      child?.kill('SIGKILL');
      await ended();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
