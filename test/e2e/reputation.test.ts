import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRedisServer, type RedisServer, whyNoRedis } from '../reputation/scores/redis-server.ts';
import { rawServer } from '../support/raw-exchange.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { brief, command, endTelegens, type Telegen, watch, writeConfig } from '../support/telegen.ts';

const skip = whyNoSandbox() ?? whyNoRedis();
/** Not the default: a telegen of this machine may have that one. */
const PORT = 19_395;

describe.skipIf(skip !== undefined)(
  `what agents share${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandboxes: Sandbox[];
    let server: RedisServer;

    beforeAll(async () => {
      sandboxes = [await openSandbox(), await openSandbox()];
      server = await createRedisServer();
      await server.start();
    });
    afterEach(async () => {
      for (const sandbox of sandboxes) await sandbox.endPrograms();
      await endTelegens();
      // Agents that are still there would fill it again.
      await server.admin().flushall();
    });
    afterAll(async () => {
      for (const sandbox of sandboxes ?? []) await sandbox.close();
      await server?.close();
    });

    /** An agent that watches the sandbox and has its own list. */
    function configOf(sandbox: Sandbox, name: string, list: string): object {
      mkdirSync(`${sandbox.folder}/state`, { recursive: true });
      writeFileSync(`${sandbox.folder}/bad.txt`, list);
      const redis = { addresses: [`127.0.0.1:${server.port}`], timeout: '1s' };
      const security = {
        suspicious_ports: [],
        // Trying until an alert comes is refused often enough to be a reconnect storm of its own.
        scan: { enabled: false },
        blocklists: [`${sandbox.folder}/bad.txt`],
        state_dir: `${sandbox.folder}/state`,
        reputation: { agent: name, redis },
      };
      return { agent: { network: { security } } };
    }
    /** Connects, each time as a new process, until the agent alerts; what the alert says. */
    async function untilAlert(sandbox: Sandbox, telegen: Telegen, address: string): Promise<string> {
      const fits = (): string | undefined =>
        telegen
          .alerts()
          .filter(({ attributes }) => attributes['net.peer.ip'] === address)
          .map((alert) => brief(alert, 'net.peer.ip', 'telegen.reasons'))[0];
      for (let tries = 0; tries < 200 && fits() === undefined; tries++)
        await sandbox.peer(`tcp4 connect ${address} 8080`).end();
      return fits() ?? `no alert; ${telegen.stderr()}`;
    }

    it('what is added by hand, and what one agent found on its list, alerts at another', async () => {
      const [first, second] = sandboxes as [Sandbox, Sandbox];
      const one = await watch(first, { config: configOf(first, 'one', '198.51.100.50\n') });
      const twoConfig = configOf(second, 'two', '203.0.113.66\n');
      const two = await watch(second, { config: twoConfig });

      expect(await untilAlert(first, one, '198.51.100.50')).toBe('198.51.100.50 blocklist');
      expect(await untilAlert(second, two, '198.51.100.50')).toBe('198.51.100.50 reputation');

      const file = writeConfig(second, twoConfig);
      const added = ['198.51.100.77', '198.51.100.78'];
      const add = await command(['reputation', 'add', ...added, '--reason', 'by hand', '-c', file]);
      expect(add).toMatchObject({ code: 0, stdout: '2 added\n' });
      expect(await untilAlert(second, two, '198.51.100.77')).toBe('198.51.100.77 reputation');
      expect(two.alerts().at(-1)?.attributes).toMatchObject({
        'telegen.reputation.score': 100,
        'telegen.reputation.reason': 'by hand',
        'telegen.reputation.value': '198.51.100.77',
      });

      // What is shared arrives in order: who knows the second address knows the first.
      expect(await untilAlert(first, one, '198.51.100.78')).toBe('198.51.100.78 reputation');
      await server.signal('SIGKILL');
      expect(await untilAlert(first, one, '198.51.100.77')).toBe('198.51.100.77 reputation');
      for (const telegen of [one, two]) expect((await telegen.stop()).code).toBe(0);
      await server.start();
    });

    it('an address, a network or a name that is added at one alerts at the other', async () => {
      const [first, second] = sandboxes as [Sandbox, Sandbox];
      await watch(first, { config: configOf(first, 'one', '') });
      const other = await watch(second, { config: configOf(second, 'two', '') });
      const file = writeConfig(first, configOf(first, 'one', ''));
      const { port, server: web } = await rawServer((socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
      });
      const connectTo = (ip: string) => () =>
        second.peer(`${ip.includes(':') ? 'tcp6' : 'tcp4'} connect ${ip} 8080`).end();
      const ask = (name: string) => () =>
        second
          .start(['curl', '-s', '-H', `Host: ${name}`, `http://127.0.0.1:${port}/`], { namespace: 'host' })
          .end();
      const attempts: Record<string, () => Promise<unknown>> = {
        '198.51.100.90': connectTo('198.51.100.90'),
        '2001:db8:bad:2::9': connectTo('2001:db8:bad:2::9'),
        '203.0.113.128/25': connectTo('203.0.113.207'),
        '2001:db8:bad:3::/64': connectTo('2001:db8:bad:3::1'),
        'evil.example.com': ask('www.evil.example.com'),
      };
      const accused = (): unknown[] =>
        other.alerts().map(({ attributes }) => attributes['telegen.reputation.value']);
      for (const attempt of Object.values(attempts)) await attempt();
      for (const [value, attempt] of Object.entries(attempts)) {
        expect(accused()).not.toContain(value);
        expect((await command(['reputation', 'add', value, '-c', file])).code).toBe(0);
        for (let tries = 0; tries < 200 && !accused().includes(value); tries++) await attempt();
        expect(accused(), other.stderr()).toContain(value);
      }
      web.close();
    });

    it('what is shared reaches the kernel side, and leaves it again', async () => {
      const [sandbox] = sandboxes as [Sandbox];
      const { agent } = configOf(sandbox, 'three', '198.51.100.50\n') as { agent: object };
      const config = { agent: { ...agent, telemetry: { listen: { port: PORT } } } };
      const telegen = await watch(sandbox, { config });
      const file = writeConfig(sandbox, config);
      const marked = async (): Promise<number> => {
        const page = await fetch(`http://127.0.0.1:${PORT}/metrics`).then(
          (answer) => answer.text(),
          () => '',
        );
        return Number(/^telegen_kernel_list_ranges\{source="scores",family="ipv6"\} (\d+)$/m.exec(page)?.[1]);
      };
      const becomes = async (wanted: number): Promise<void> => {
        const end = Date.now() + 20_000;
        let found = await marked();
        while (found !== wanted && Date.now() < end) {
          await delay(100);
          found = await marked();
        }
        expect(found).toBe(wanted);
      };
      await becomes(0);
      const values = ['2001:db8:bad::90', '2001:db8:bad:1::/64'];
      expect((await command(['reputation', 'add', ...values, '-c', file])).code).toBe(0);
      await becomes(2);
      expect((await command(['reputation', 'remove', '2001:db8:bad::90', '-c', file])).code).toBe(0);
      await becomes(1);
      expect((await telegen.stop()).code).toBe(0);
    });
  },
);
