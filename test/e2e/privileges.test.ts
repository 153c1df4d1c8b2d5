import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { command, endTelegens, type Telegen, watch, writeConfig } from '../support/telegen.ts';
import { distinct, threadsOf } from '../support/threads.ts';

const skip = whyNoSandbox();
const NONE = '0'.repeat(16);
const USER = 4242;

describe.skipIf(skip !== undefined)(
  `what telegen may do while it runs ${skip ? `(SKIP: ${skip})` : ''}`,
  () => {
    let sandbox: Sandbox;
    let receiver: OtlpReceiver | undefined;

    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(async () => {
      await sandbox.endPrograms();
      await endTelegens();
      await receiver?.stop();
      receiver = undefined;
    });
    afterAll(() => sandbox?.close());

    const attack = (address: string): Promise<string> =>
      sandbox.peer(`tcp4 connect ${address} 4444`, { cgroup: sandbox.cgroup }).end();
    const peers = (telegen: Telegen): unknown[] =>
      telegen.alerts().map(({ attributes }) => attributes['net.peer.ip']);

    /** Whatever is made later, such as the pool that reads files, is looked at as well. */
    function expectPowerless(telegen: Telegen, uid: number): void {
      const threads = threadsOf(telegen.pid);
      expect(threads.length).toBeGreaterThan(5);
      expect(distinct(threads, 'uid')).toEqual([`${uid} ${uid} ${uid} ${uid}`]);
      for (const set of ['permitted', 'effective', 'inheritable', 'ambient'] as const)
        expect([set, distinct(threads, set)]).toEqual([set, [NONE]]);
      expect(distinct(threads, 'noNewPrivs')).toEqual(['1']);
    }

    it('started as root: no capability is left on any thread, and it sees, counts, and lets go as before', async () => {
      const telegen = await watch(sandbox);
      expect(telegen.stderr()).toContain('telegen: runs as user 0, without capabilities');
      expectPowerless(telegen, 0);
      await attack('198.51.100.7');
      await telegen.alert('the alert');
      expectPowerless(telegen, 0);
      const { code, stderr } = await telegen.stop();
      expect(code).toBe(0);
      // Read from the kernel's maps at the end.
      expect(stderr).toMatch(/records: attempted 1, /);
      const attached = sandbox.peer(`attached ${sandbox.cgroup}`, { cgroup: 'none' });
      expect(Number(await attached.end())).toBe(0);
    });

    it('with agent.user: somebody else on every thread; alerts, names of programs, spool and reload work', async () => {
      receiver = await startOtlpReceiver();
      const { records } = receiver;
      const tuning = `${sandbox.folder}/tuning.yaml`;
      writeFileSync(tuning, '');
      const old = sandbox.peer('uid 1717 tcp4 wait connect 198.51.100.8 4444');
      const state = `${sandbox.folder}/state-of-user`;
      const telegen = await watch(sandbox, {
        config: {
          agent: { user: String(USER), network: { security: { state_dir: `${state}/lists` } } },
          otlp: { endpoint: `http://${receiver.address}` },
          alerts: { tuning: [tuning] },
        },
        env: { STATE_DIRECTORY: state },
      });
      expect(telegen.stderr()).toContain(`telegen: runs as user ${USER}, without capabilities`);
      await attack('198.51.100.7');
      await telegen.alert('the first alert');
      // Of another user and older than telegen: its path was read while that was still allowed.
      old.go();
      await old.end();
      const late = await telegen.alert(
        'the alert of an older program',
        ({ attributes }) => attributes['process.pid'] === old.pid,
      );
      expect(late.attributes['process.executable.path']).toMatch(/peer$/);
      await eventually(() => records.length === 2, 'both alerts at the collector');
      expectPowerless(telegen, USER);

      for (const path of [state, `${state}/spool`, `${state}/spool/otlp`])
        expect([path, statSync(path).uid, (statSync(path).mode & 0o777).toString(8)]).toEqual([
          path,
          USER,
          '700',
        ]);
      for (const name of readdirSync(`${state}/spool/otlp`)) {
        const { uid, mode } = statSync(`${state}/spool/otlp/${name}`);
        expect([name, uid, (mode & 0o777).toString(8)]).toEqual([name, USER, '600']);
      }

      const suppression = {
        name: 'pentest',
        owner: 'soc@example.com',
        reason: 'agreed',
        expires: '2999-01-01',
        match: { 'net.peer.ip': '198.51.100.9' },
      };
      writeFileSync(tuning, JSON.stringify({ suppressions: [suppression] }));
      telegen.signal('SIGHUP');
      await telegen.says('1 suppressions and 0 limits in effect');
      await attack('198.51.100.9');
      const { code } = await telegen.stop();
      expect(code).toBe(0);
      expect(peers(telegen)).toEqual(['198.51.100.7', '198.51.100.8']);
    });

    it('says which files that it would read again are not for the user, and says no secret', async () => {
      const key = `${sandbox.folder}/key`;
      writeFileSync(key, 's3cret-in-file', { mode: 0o600 });
      const otlp = {
        endpoint: 'http://127.0.0.1:9',
        headers: { 'x-key': { file: key }, 'x-own': 's3cret-of-config' },
      };
      const telegen = await watch(sandbox, { config: { agent: { user: String(USER) }, otlp } });
      expect(telegen.stderr()).toContain(
        `WARNING: user ${USER} cannot read ${key}: what changes in it needs a restart`,
      );
      await attack('198.51.100.7');
      await telegen.says('alerts cannot be sent to');
      expect((await telegen.stop()).stderr).not.toContain('s3cret');
    });

    it.each([
      [
        'a user that is not there',
        'no-such-user-here',
        [],
        /TELEGEN_HOST: cannot become agent.user no-such-user-here: getpwnam: ENOENT/,
      ],
      [
        'another user without being root',
        'nobody',
        [
          'setpriv',
          '--reuid=4242',
          '--clear-groups',
          '--inh-caps=+bpf,+net_admin,+perfmon',
          '--ambient-caps=+bpf,+net_admin,+perfmon',
        ],
        /TELEGEN_HOST: agent.user: only root can become nobody; start as root, or remove the key/,
      ],
    ])('refuses to start as %s', async (_name, user, wrap, words) => {
      const config = writeConfig(sandbox, { agent: { user } });
      const { code, stderr } = await command(['run', '--cgroup', sandbox.cgroup, '-c', config], { wrap });
      expect(stderr).toMatch(words);
      expect(code).toBe(3);
    });

    it('opens no debugger when it is sent SIGUSR1', async () => {
      const telegen = await watch(sandbox);
      telegen.signal('SIGUSR1');
      await attack('198.51.100.7');
      await telegen.alert('the alert');
      expect(telegen.stderr()).not.toContain('Debugger');
    });
  },
);
