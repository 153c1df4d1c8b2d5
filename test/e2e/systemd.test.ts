import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { allowedCalls } from '../support/syscall-filter.ts';
import { endTelegens, watch } from '../support/telegen.ts';

const UNIT = fileURLToPath(new URL('../../deploy/telegen.service', import.meta.url));
const lacking = ['strace', 'systemd-analyze'].filter(
  (tool) => spawnSync(tool, ['--version']).error !== undefined,
);
const skip = whyNoSandbox() ?? (lacking.length > 0 ? `needs ${lacking.join(' and ')}` : undefined);

describe.skipIf(skip !== undefined)(
  `under the filter of the systemd unit ${skip ? `(SKIP: ${skip})` : ''}`,
  () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(async () => {
      await sandbox.endPrograms();
      await endTelegens();
    });
    afterAll(() => sandbox?.close());

    it('a whole life of telegen makes no system call that is not allowed', async () => {
      const log = `${sandbox.folder}/calls`;
      const telegen = await watch(sandbox, {
        wrap: ['strace', '-f', '-qq', '-c', '-o', log],
        config: {
          alerts: { file: { path: `${sandbox.folder}/alerts.jsonl` } },
          agent: { telemetry: { listen: { port: 19_396 } } },
        },
        args: ['--output', 'jsonl', '--events', 'all'],
      });
      await sandbox.peer('tcp4 connect 198.51.100.7 4444').end();
      await telegen.alert('the alert');
      await fetch('http://127.0.0.1:19396/metrics').then((response) => response.text());
      const children = readFileSync(`/proc/${telegen.pid}/task/${telegen.pid}/children`, 'utf8');
      // strace passes no signal on.
      execFileSync('kill', ['-TERM', children.trim().split(' ')[0] ?? '']);
      expect((await telegen.ended()).code).toBe(0);
      const made = readFileSync(log, 'utf8')
        .split('\n')
        .flatMap((line) => /^\s*[\d.]+\s+[\d.]+\s+\d+\s+\d+\s+(?:\d+\s+)?([a-z_0-9]+)$/.exec(line)?.[1] ?? [])
        .filter((name) => name !== 'total');
      expect(made).toEqual(expect.arrayContaining(['bpf', 'capset', 'epoll_pwait', 'fdatasync']));
      const allowed = allowedCalls(readFileSync(UNIT, 'utf8'));
      expect(made.filter((name) => !allowed.has(name))).toEqual([]);
    });
  },
);
