import { once } from 'node:events';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, watch } from '../support/telegen.ts';

const skip = whyNoSandbox();
/** The program's own limit is 2 s; this much tells a slow machine from a program that hangs. */
const ENDLESS_MS = 5_000;
const READY_PORT = 19_097;

describe.skipIf(skip !== undefined)(
  `the life of telegen run${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;
    let silent: Server;
    let connections: Socket[] = [];

    beforeAll(async () => {
      sandbox = await openSandbox();
      // A collector that accepts connections and never says a word.
      silent = createServer((socket) => connections.push(socket.on('error', () => undefined)));
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await endTelegens();
      for (const socket of connections) socket.destroy();
      connections = [];
    });
    afterAll(async () => {
      silent?.close();
      await sandbox?.close();
    });

    const attack = (address = '198.51.100.7'): Promise<string> =>
      sandbox.peer(`tcp4 connect ${address} 4444`).end();
    const attached = async (): Promise<number> =>
      Number(await sandbox.peer(`attached ${sandbox.cgroup}`, { cgroup: 'none' }).end());
    const silentCollector = (): object => ({
      otlp: { endpoint: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` },
    });

    it.each(['SIGINT', 'SIGTERM'] as const)(
      '%s: everything is delivered, nothing stays attached',
      async (signal) => {
        const telegen = await watch(sandbox);
        expect(await attached()).toBeGreaterThan(0);
        // While it is stopped nothing is read: all of this is still in the ring when it is told to end.
        telegen.signal('SIGSTOP');
        await attack('198.51.100.7');
        await attack('198.51.100.8');
        telegen.signal(signal);
        telegen.signal('SIGCONT');
        const { code, signal: killedBy } = await telegen.ended();
        expect([code, killedBy]).toEqual([0, null]);
        expect(telegen.alerts().map(({ attributes }) => attributes['net.peer.ip'])).toEqual([
          '198.51.100.7',
          '198.51.100.8',
        ]);
        expect(await attached()).toBe(0);
      },
    );

    it('SIGHUP: takes tuning files over, and says what of the configuration waits for a restart', async () => {
      const tuning = `${sandbox.folder}/tuning.yaml`;
      writeFileSync(tuning, '');
      const config = { alerts: { tuning: [tuning] } };
      const telegen = await watch(sandbox, { config });
      const file = /ready \((.*)\)/.exec(telegen.stderr())?.[1] ?? '';
      const suppression = {
        name: 'pentest',
        owner: 'soc@example.com',
        reason: 'agreed',
        expires: '2999-01-01',
        match: { 'net.peer.ip': '198.51.100.7' },
      };
      writeFileSync(tuning, JSON.stringify({ suppressions: [suppression] }));
      writeFileSync(file, JSON.stringify({ ...config, otlp: { timeout: '1s' } }));
      telegen.signal('SIGHUP');
      await telegen.says('restart telegen for these changes: otlp.timeout');
      expect(telegen.stderr()).toContain('1 suppressions and 0 limits in effect');
      await attack('198.51.100.7');
      await attack('198.51.100.8');
      await telegen.alert('the alert that is not suppressed');
      writeFileSync(tuning, 'suppressions: nothing');
      telegen.signal('SIGHUP');
      await telegen.says('tuning files are wrong, what was in effect stays');
      expect(telegen.stderr()).toContain(`${tuning}:1:15: suppressions: must be a list`);
      const { stderr, code } = await telegen.stop();
      expect(code).toBe(0);
      expect(telegen.alerts().map(({ attributes }) => attributes['net.peer.ip'])).toEqual(['198.51.100.8']);
      expect(stderr).toContain('1 suppressed (pentest)');
    });

    it('ends in time though the collector never answers, and counts what it could not deliver', async () => {
      const telegen = await watch(sandbox, { config: silentCollector() });
      await attack();
      await telegen.alert('the alert on stdout');
      await eventually(() => connections.length > 0, 'telegen to call the collector');
      const asked = performance.now();
      const { code, stderr } = await telegen.stop();
      expect(performance.now() - asked).toBeLessThan(ENDLESS_MS);
      expect(code).toBe(0);
      expect(stderr).toContain('telegen: otlp: 1 accepted, 0 delivered, 1 kept on disk');
      expect(await attached()).toBe(0);
    });

    it('ends at once at the second signal', async () => {
      const telegen = await watch(sandbox, { config: silentCollector() });
      await attack();
      await telegen.alert('the alert on stdout');
      // Both wait for it when it goes on: one of each kind, as the same one twice would count once.
      telegen.signal('SIGSTOP');
      telegen.signal('SIGINT');
      telegen.signal('SIGTERM');
      telegen.signal('SIGCONT');
      const { code, stderr } = await telegen.ended();
      expect(code).toBe(1);
      expect(stderr).not.toContain('telegen: otlp: 1 accepted');
      expect(await attached()).toBe(0);
    });

    it('leaves nothing attached after SIGKILL, and the next one works', async () => {
      const victim = await watch(sandbox);
      expect(await attached()).toBeGreaterThan(0);
      expect(await victim.stop('SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL' });
      // The kernel frees the programs a moment after the process.
      let left = await attached();
      for (let tries = 0; left > 0 && tries < 100; tries++) left = await attached();
      expect(left).toBe(0);
      const next = await watch(sandbox);
      await attack();
      await next.stop();
      expect(next.alerts()).toHaveLength(1);
    });

    it('leaves nothing behind when it cannot start', async () => {
      const config = { agent: { network: { security: { blocklists: ['/nonexistent.txt'] } } } };
      await expect(watch(sandbox, { config })).rejects.toThrow('TELEGEN_BLOCKLIST');
      expect(await attached()).toBe(0);
    });

    it('two on the same cgroup both see everything', async () => {
      const [first, second] = [await watch(sandbox), await watch(sandbox)];
      await attack();
      await first.stop();
      await attack();
      await second.stop();
      expect([first.alerts().length, second.alerts().length]).toEqual([1, 2]);
    });

    it('says that it sees nothing once the cgroup was made anew, as a restarted unit does, and is not ready', async () => {
      const unit = sandbox.subgroup('unit');
      const config = { agent: { telemetry: { listen: { port: READY_PORT } } } };
      const telegen = await watch(sandbox, { config, cgroup: unit });
      const readiness = async (): Promise<unknown> => {
        const answer = await fetch(`http://127.0.0.1:${READY_PORT}/readyz`);
        return [answer.status, await answer.json()];
      };
      await telegen.says('metrics and topology at');
      expect(await readiness()).toMatchObject([200, { status: 'ready' }]);
      rmdirSync(unit);
      mkdirSync(unit);
      const told = await telegen.alert('the alert of the sensor');
      expect(told).toMatchObject({
        severity: 'ERROR',
        attributes: { 'telegen.sensor.check': 'cgroup', 'telegen.sensor.state': 'degraded' },
      });
      expect(told.body).toMatch(/removed and made anew.*restart telegen/);
      expect(await readiness()).toMatchObject([
        503,
        { status: 'not ready', reason: told.attributes['telegen.sensor.detail'] },
      ]);
      // It looks once a second: two more looks.
      await setTimeout(2_100);
      await telegen.stop();
      expect(telegen.alerts()).toEqual([told]);
    });

    it('sees a process and a socket that are older than telegen', async () => {
      const old = sandbox.peer('udp4 wait sendto 198.51.100.7 4444 10 close tcp4 connect 198.51.100.8 4444');
      const telegen = await watch(sandbox);
      old.go();
      await old.end();
      await telegen.stop();
      const seen = telegen
        .alerts()
        .map(({ attributes }) => [attributes['net.peer.ip'], attributes['process.pid']]);
      expect(seen).toEqual([
        ['198.51.100.7', old.pid],
        ['198.51.100.8', old.pid],
      ]);
    });

    it('says what it watches, what it looks for, where alerts go, and what to try', async () => {
      const config = {
        agent: {
          network: {
            tcp: { enabled: true },
            security: { external_connection_alerts: true },
          },
        },
      };
      const telegen = await watch(sandbox, {
        config,
        args: ['--output', 'jsonl', '--interfaces', 'lo,wire*'],
      });
      const { stderr } = await telegen.stop();
      const lines = stderr.split('\n');
      expect(stderr).not.toContain('not active yet');
      expect(lines).toContain(`telegen: watching ${sandbox.cgroup}, interfaces lo, wire*`);
      expect(stderr).toMatch(
        /^telegen: looking for \d+ listed networks \(.*example.*\); ports 4444, 31337; connections to external addresses$/m,
      );
      expect(lines).toContain('telegen: alerts go to standard output, as JSON lines');
      expect(stderr).toMatch(
        /^telegen: to see one, type in another terminal: .*curl -m 1 http:\/\/127\.0\.0\.1:4444\//m,
      );
      expect(stderr).toMatch(/^telegen: ready \(.*\.yaml\)$/m);
    });

    it('suggests a command that does alert', async () => {
      const telegen = await watch(sandbox);
      const suggestion = /type in another terminal: (.*)$/m.exec(telegen.stderr())?.[1] ?? '';
      // curl fails, as nothing listens there: that is part of the suggestion.
      await sandbox.start(['sh', '-c', `${suggestion}; true`], { cgroup: 'none' }).end();
      const alert = await telegen.alert('the alert');
      expect(alert.attributes).toMatchObject({ 'net.peer.ip': '127.0.0.1', 'net.peer.port': 4444 });
      expect(alert.attributes['process.executable.path']).toMatch(/\/curl$/);
    });
  },
);
