import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { peerProgram } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, type OutputLine, spawnTelegen, type Telegen, watch } from '../support/telegen.ts';
import { actor, ISO_TIME, outbound } from './expectations.ts';

const skip = whyNoSandbox();

function residentKiB(telegen: Telegen): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${telegen.pid}/status`, 'utf8'))?.[1]);
}

describe.skipIf(skip !== undefined)(
  `what telegen prints${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await endTelegens();
    });
    afterAll(() => sandbox?.close());

    const attack = (): Promise<string> => sandbox.peer('tcp4 connect 198.51.100.7 4444').end();

    describe('events', () => {
      it('connections, from attempt to close, whole', async () => {
        const server = sandbox.peer(
          'tcp4 bind 198.51.100.7 8080 listen port accept recv 10 send 20 eof close',
          {
            cgroup: 'none',
            namespace: 'outside',
          },
        );
        await server.number();
        const telegen = await watch(sandbox, { args: ['--output', 'none', '--events', 'connection'] });
        const operations = 'tcp4 connect 198.51.100.7 8080 send 10 recv 20 close';
        const program = sandbox.peer(operations);
        await program.end();
        await server.end();
        await eventually(
          () => telegen.events().length === 3,
          () => telegen.stdout(),
        );
        await telegen.stop();
        const path = peerProgram();
        const same = {
          ...outbound({ peer: '198.51.100.7', port: 8080 }),
          ...actor({ pid: program.pid, path, command: `${path} ${operations}` }),
        };
        const event = (phase: string, more: object = {}) => ({
          timestamp: ISO_TIME,
          attributes: { ...same, 'telegen.phase': phase, ...more },
        });
        const number = expect.any(Number);
        expect(telegen.events()).toEqual([
          event('attempted'),
          event('established', { 'telegen.rtt_us': number }),
          event('closed', {
            'telegen.end_reason': 'closed',
            'telegen.bytes_sent': 10,
            'telegen.bytes_received': 20,
            'telegen.segments_sent': number,
            'telegen.segments_received': number,
            'telegen.retransmits': 0,
            'telegen.rtt_us': number,
            'telegen.min_rtt_us': number,
            'telegen.duration_ms': number,
          }),
        ]);
        const cookies = new Set(
          telegen.events().map(({ attributes }) => attributes['telegen.socket.cookie']),
        );
        expect(cookies.size).toBe(1);
      });

      it('a refusal, with its reason and errno', async () => {
        const telegen = await watch(sandbox, { args: ['--output', 'none', '--events', 'connection'] });
        await sandbox.peer('tcp4 connect 198.51.100.7 8080').end();
        await telegen.stop();
        expect(telegen.events()).toMatchObject([
          { attributes: { 'telegen.phase': 'attempted' } },
          {
            attributes: { 'telegen.phase': 'failed', 'telegen.end_reason': 'refused', 'telegen.errno': 111 },
          },
        ]);
      });

      it('processes, with secrets in arguments masked', async () => {
        const telegen = await watch(sandbox, { args: ['--output', 'none', '--events', 'process'] });
        const program = sandbox.start(['/bin/sh', '-c', 'exit 0', 'x', '--password=hunter2']);
        await program.end();
        await telegen.stop();
        const mine = telegen.events().filter(({ attributes }) => attributes['process.pid'] === program.pid);
        expect(mine.map(({ attributes }) => attributes['telegen.phase'])).toEqual(['exec', 'exit']);
        // Whoever runs the tests may have logged in, or not.
        const { 'telegen.process.login_uid': _, ...attributes } = mine[0]?.attributes ?? {};
        expect({ ...mine[0], attributes }).toEqual({
          timestamp: ISO_TIME,
          attributes: {
            'event.name': 'process',
            'process.working_directory': process.cwd(),
            'telegen.phase': 'exec',
            'process.pid': program.pid,
            'process.parent_pid': process.pid,
            'process.executable.name': 'sh',
            'process.user.id': 0,
            'process.executable.path': expect.stringMatching(/^\/(usr\/)?bin\/(da|ba)?sh$/),
            'process.command_line': expect.stringMatching(/^\/bin\/sh -c exit 0 x --password=(?!hunter2)/),
          },
        });
        expect(telegen.stdout()).not.toContain('hunter2');
      });

      it('beside alerts: each is one whole line', async () => {
        const telegen = await watch(sandbox, { args: ['--output', 'jsonl', '--events', 'all'] });
        await attack();
        await telegen.stop();
        expect(telegen.alerts()).toHaveLength(1);
        const names = telegen.events().map(({ attributes }) => attributes['event.name']);
        expect(new Set(names)).toEqual(new Set(['process', 'connection']));
      });
    });

    describe('--output', () => {
      it.each([
        ['auto, in a pipe: JSON lines', []],
        ['jsonl', ['--output', 'jsonl']],
      ])('%s', async (_name, args) => {
        const telegen = await watch(sandbox, { args });
        await attack();
        const { stderr } = await telegen.stop();
        const line = JSON.parse(telegen.stdout()) as OutputLine;
        expect(Object.keys(line)).toEqual(['timestamp', 'severity', 'body', 'attributes']);
        expect(stderr).toContain('telegen: alerts go to standard output, as JSON lines');
      });

      it('pretty', async () => {
        const telegen = await watch(sandbox, { args: ['--output', 'pretty'] });
        await attack();
        const { stdout } = await telegen.stop();
        expect(stdout).toMatch(
          /^\S+Z {2}WARNING {3}Suspicious outbound connection to unusual port 4444 {2}-> 198\.51\.100\.7:4444 {2}\S+\/peer \(pid \d+\)\n/,
        );
        expect(stdout).toMatch(/^ {4}reasons {3}suspicious_port$/m);
      });

      it('none', async () => {
        const telegen = await watch(sandbox, { args: ['--output', 'none'] });
        await attack();
        const { stdout, stderr } = await telegen.stop();
        expect(stdout).toBe('');
        expect(stderr).toContain('telegen: alerts go to nowhere (--output none and no collector)');
        expect(stderr).toContain('telegen: alerts: 1 sent');
      });
    });

    describe('a reader', () => {
      it('that goes away is reported, and telegen goes on', async () => {
        const telegen = await watch(sandbox, {});
        await attack();
        await telegen.alert('the first alert');
        telegen.closeOutput();
        await attack();
        await telegen.says('telegen: ERROR: alerts can no longer be written to stdout');
        await attack();
        const { code, stderr } = await telegen.stop();
        expect(code).toBe(0);
        expect(stderr).toContain('telegen: alerts: 3 sent');
        expect(stderr).toMatch(
          // Beside the alerts, those that report their loss: how many, the clock decides.
          /stdout: \d+ accepted, 1 delivered, 1 lost \(sink_error\), [1-9]\d* lost \(sink_closed\)/,
        );
      });

      it('of events that goes away is reported, and telegen goes on', async () => {
        const telegen = await watch(sandbox, {
          args: ['--output', 'none', '--events', 'connection'],
          unread: true,
        });
        telegen.closeOutput();
        await attack();
        await telegen.says('telegen: WARNING: events are lost: standard output is gone');
        const { code, stderr } = await telegen.stop();
        expect(code).toBe(0);
        expect(stderr).toContain('telegen: --events: 0 printed, 2 lost');
      });

      it('that takes one line, as head -1 does', async () => {
        const shell = spawnTelegen(['run', '--cgroup', sandbox.cgroup, '--output', 'jsonl'], {
          wrap: ['sh', '-c', 'exec 3>&2; "$@" 2>&3 | head -1', 'sh'],
        });
        await shell.says('telegen: ready');
        await attack();
        await attack();
        await shell.says('telegen: ERROR: alerts can no longer be written to stdout');
        expect(shell.alerts()).toHaveLength(1);
        const pid = /\d+/.exec(readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'utf8'))?.[0];
        process.kill(Number(pid), 'SIGTERM');
        await shell.ended();
      });

      it('that is slow costs no memory, and gets everything that was accepted when it wakes up', async () => {
        const telegen = await watch(sandbox, {
          args: ['--output', 'jsonl', '--events', 'connection'],
          unread: true,
        });
        const before = residentKiB(telegen);
        await sandbox.peer('repeat 3000 tcp4 connect 198.51.100.7 8080 close').end();
        await attack();
        telegen.readOutput();
        await telegen.alert('the alert after the flood');
        expect(residentKiB(telegen) - before).toBeLessThan(150_000);
        const { stderr } = await telegen.stop();
        expect(telegen.events()).toHaveLength(6002);
        expect(stderr).toContain('telegen: --events: 6002 printed, 0 lost');
      });

      it('that never reads does not keep telegen from ending; what is lost is counted', async () => {
        const telegen = await watch(sandbox, {
          args: ['--output', 'jsonl', '--events', 'connection'],
          unread: true,
        });
        await sandbox.peer('repeat 1000 tcp4 connect 198.51.100.7 8080 close').end();
        await attack();
        const { code, stderr } = await telegen.stop();
        expect(code).toBe(0);
        const [, printed, lost] = /--events: (\d+) printed, (\d+) lost/.exec(stderr) ?? [];
        expect(Number(printed) + Number(lost)).toBe(2002);
        expect(Number(lost)).toBeGreaterThan(0);
        // The alert may have found the last room in the pipe.
        const [, accepted, delivered, shed = '0'] =
          /stdout: (\d+) accepted, (\d+) delivered(?:, (\d+) lost \(shutdown\))?\n/.exec(stderr) ?? [];
        // That of the attack, and that a thousand refusals are a storm.
        expect(Number(accepted)).toBe(2);
        expect(Number(delivered) + Number(shed)).toBe(2);
      });
    });
  },
);
