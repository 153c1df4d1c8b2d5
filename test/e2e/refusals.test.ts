import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { command, endTelegens, watch, writeConfig } from '../support/telegen.ts';

const skip = whyNoSandbox();
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe.skipIf(skip !== undefined)(
  `what telegen refuses${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(() => endTelegens());
    afterAll(() => sandbox?.close());

    it('names every mistake of a configuration at once, with place and cure', async () => {
      const file = `${sandbox.folder}/typos.yaml`;
      const text = [
        'agent:',
        '  network:',
        '    secruity:',
        '      enabled: true',
        '    security:',
        '      suspicous_ports: [4444]',
        '      blocklists: /etc/list.txt',
        '    ring_buffer_size: 5000',
      ];
      writeFileSync(file, `${text.join('\n')}\n`);
      const { code, stdout, stderr } = await command(['run', '--cgroup', sandbox.cgroup, '-c', file]);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^telegen: TELEGEN_CONFIG: /);
      for (const [line, words] of [
        [3, ['secruity', 'security']],
        [6, ['suspicous_ports', 'suspicious_ports']],
        [7, ['blocklists']],
        [8, ['4096', '8192']],
      ] as const) {
        const report = stderr.split('\n').find((each) => each.includes(`${file}:${line}:`));
        for (const word of words) expect(report, `line ${line}`).toContain(word);
      }
    });

    it.each([
      [
        'a missing configuration',
        ['-c', '/nonexistent/telegen.yaml'],
        2,
        /TELEGEN_CONFIG: .*\/nonexistent\/telegen\.yaml/,
      ],
      [
        'a cgroup that is not there',
        ['--cgroup', '/nonexistent'],
        3,
        /TELEGEN_CGROUP: --cgroup \/nonexistent: .*give a directory below/,
      ],
      [
        'a cgroup that is none',
        ['--cgroup', '/tmp'],
        3,
        /TELEGEN_CGROUP: --cgroup \/tmp: not a cgroup v2 directory; give one below/,
      ],
      [
        'a cgroup that is a file',
        ['--cgroup', '/etc/passwd'],
        3,
        /TELEGEN_CGROUP: --cgroup \/etc\/passwd: .*not a directory/,
      ],
    ])('%s', async (_name, args, exitCode, words) => {
      const { code, stdout, stderr } = await command(['run', '--output', 'jsonl', ...args]);
      expect(stderr).toMatch(words);
      expect(stdout).toBe('');
      expect(code).toBe(exitCode);
    });

    it('blocklists that are named and not there, all of them', async () => {
      const blocklists = ['/nonexistent/one.txt', '/nonexistent/two.txt'];
      const config = writeConfig(sandbox, { agent: { network: { security: { blocklists } } } });
      const { code, stderr } = await command(['run', '--cgroup', sandbox.cgroup, '-c', config]);
      expect(code).toBe(2);
      expect(stderr).toContain('telegen: TELEGEN_BLOCKLIST: ');
      for (const path of blocklists) expect(stderr).toContain(path);
    });

    it('certificates that cannot be used', async () => {
      const broken = `${sandbox.folder}/broken.pem`;
      writeFileSync(broken, 'this is no certificate');
      const otlp = { endpoint: 'https://127.0.0.1:4317', tls: { ca_file: broken } };
      const config = writeConfig(sandbox, { otlp });
      const { code, stderr } = await command(['run', '--cgroup', sandbox.cgroup, '-c', config]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/TELEGEN_EXPORT: .*broken\.pem/);
    });

    it.each([
      ['CAP_BPF', '-bpf,-sys_admin', 'CAP_BPF'],
      ['CAP_PERFMON', '-perfmon,-sys_admin', 'CAP_PERFMON'],
      ['CAP_NET_ADMIN', '-net_admin,-sys_admin', 'CAP_NET_ADMIN'],
      ['any capability', '-all', 'CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF'],
    ])('to run without %s, and says what to grant', async (_name, bounding, lacking) => {
      const wrap = ['setpriv', `--bounding-set=${bounding}`];
      const { code, stdout, stderr } = await command(['run', '--cgroup', sandbox.cgroup], { wrap });
      const cure = 'run as root, or grant CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF';
      expect(stderr).toContain(`telegen: TELEGEN_HOST: lacking ${lacking}; ${cure} (systemd: `);
      expect(stdout).toBe('');
      expect(code).toBe(3);
      const doctor = await command(['doctor'], { wrap });
      expect(doctor.code).toBe(3);
      expect(doctor.stdout).toMatch(new RegExp(`^MISSING +capabilities +lacking ${lacking}$`, 'm'));
      expect(doctor.stdout).toContain(`cure: ${cure} (systemd: `);
    });

    it('nothing when it has exactly the three capabilities that it needs', async () => {
      const wrap = ['setpriv', '--bounding-set=-all,+bpf,+net_admin,+perfmon'];
      const telegen = await watch(sandbox, { wrap });
      const program = sandbox.peer('tcp4 connect 198.51.100.7 4444');
      await program.end();
      await telegen.alert('the alert');
      const { code, stderr } = await telegen.stop();
      expect(code).toBe(0);
      expect(stderr).not.toContain('is missing');
      expect(telegen.alerts().map(({ attributes }) => attributes['process.pid'])).toEqual([program.pid]);
    });

    describe('on a broken installation', () => {
      let tree: string;

      beforeAll(() => {
        tree = mkdtempSync(`${tmpdir()}/telegen-test-${process.pid}-tree-`);
        for (const part of ['bin', 'dist', 'package.json', 'blocklists'])
          cpSync(`${ROOT}/${part}`, `${tree}/${part}`, { recursive: true });
        symlinkSync(`${ROOT}/node_modules`, `${tree}/node_modules`);
        mkdirSync(`${tree}/build/native`, { recursive: true });
        cpSync(`${ROOT}/build/bpf`, `${tree}/build/bpf`, { recursive: true });
      });
      afterAll(() => rmSync(tree, { recursive: true, force: true }));

      const addon = (): Buffer => readFileSync(`${ROOT}/build/native/telegen.node`);
      const install = (bytes: Buffer | undefined): void => {
        if (bytes === undefined) rmSync(`${tree}/build/native/telegen.node`, { force: true });
        else writeFileSync(`${tree}/build/native/telegen.node`, bytes);
      };

      it.each([
        ['a truncated addon', () => install(addon().subarray(0, 4096))],
        ['an addon that is no library', () => install(Buffer.from('not a library'))],
        ['no addon', () => install(undefined)],
      ])('%s', async (_name, prepare) => {
        prepare();
        for (const args of [['run', '--cgroup', sandbox.cgroup], ['doctor']]) {
          const { code, stdout, stderr } = await command(args, { program: `${tree}/bin/telegen` });
          expect(stdout + stderr).toMatch(/cannot load the native addon .*telegen\.node: .*make build/);
          expect(code).toBe(3);
        }
      });

      it('a kernel object that is damaged', async () => {
        install(addon());
        const object = `${tree}/build/bpf/core.bpf.o`;
        const whole = readFileSync(object);
        writeFileSync(object, whole.subarray(0, 1000));
        const { code, stderr } = await command(['run', '--cgroup', sandbox.cgroup], {
          program: `${tree}/bin/telegen`,
        });
        writeFileSync(object, whole);
        expect(stderr).toMatch(/^telegen: TELEGEN_(HOST|KERNEL): /m);
        expect(code).toBe(3);
      });

      it('goes on with less when the optional kernel object is damaged, and names what is lost', async () => {
        install(addon());
        const object = `${tree}/build/bpf/extra.bpf.o`;
        writeFileSync(object, readFileSync(object).subarray(0, 1000));
        const telegen = await watch(sandbox, { program: `${tree}/bin/telegen` });
        await sandbox.peer('tcp4 connect 198.51.100.7 4444').end();
        await telegen.alert('the alert');
        const { stderr } = await telegen.stop();
        expect(stderr).toMatch(/hook tcp: fallback in use \(.*extra\/tg_tcp/);
        expect(stderr).toMatch(
          /WARNING: hook seed-sockets is missing \(.*\); lost: owners of sockets older than telegen/,
        );
        expect(telegen.alerts()).toHaveLength(1);
      });
    });
  },
);
