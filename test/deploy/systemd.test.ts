import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { neededToStart } from '../../src/cli/privileges/capabilities.ts';
import { allowedCalls } from '../support/syscall-filter.ts';

const UNIT = fileURLToPath(new URL('../../deploy/telegen.service', import.meta.url));
const TEXT = readFileSync(UNIT, 'utf8');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
/** Tenths of systemd's exposure level, 0 (locked in) to 100: "OK" ends at 49. */
const MAX_EXPOSURE = 26;

/** All values of a key, one after the other. */
const valuesOf = (key: string): string[] =>
  [...TEXT.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].flatMap(([, value = '']) => value.split(' '));

describe('the systemd unit', () => {
  it('grants what the program needs until it is attached, and nothing else', () => {
    const needed = neededToStart({ hasBtf: true, listenPort: 19_090 }, () => true);
    for (const key of ['AmbientCapabilities', 'CapabilityBoundingSet'])
      expect([key, valuesOf(key).toSorted()]).toEqual([key, needed.toSorted()]);
  });

  it.each([
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['SystemCallArchitectures', 'native'],
    ['StateDirectoryMode', '0700'],
    ['UMask', '0077'],
    ['DynamicUser', 'yes'],
    ['LimitCORE', '0'],
  ])('%s=%s', (key, value) => expect(valuesOf(key)).toEqual([value]));

  it.skipIf(!hasSystemd)(
    `is as closed as systemd can make it ${hasSystemd ? '' : '(SKIP: no systemd-analyze here)'}`,
    () => {
      const args = ['security', '--offline=true', `--threshold=${MAX_EXPOSURE}`, '--no-pager', UNIT];
      const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
      expect(status, stdout).toBe(0);
    },
  );

  it.skipIf(!hasSystemd)(
    `has no line that systemd does not understand ${hasSystemd ? '' : '(SKIP: no systemd-analyze here)'}`,
    () => {
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', UNIT], { encoding: 'utf8' });
      const lines = stderr.split('\n').filter((line) => line.includes('telegen.service'));
      // It is not installed where the unit expects it.
      expect(lines.filter((line) => !line.includes('is not executable: No such file'))).toEqual([]);
    },
  );

  it.skipIf(!hasSystemd)(
    `allows the calls for BPF, and none to debug, mount or load modules ${hasSystemd ? '' : '(SKIP: no systemd-analyze here)'}`,
    () => {
      const allowed = allowedCalls(TEXT);
      for (const call of ['bpf', 'perf_event_open', 'capset', 'prctl', 'openat', 'epoll_wait', 'futex'])
        expect([call, allowed.has(call)]).toEqual([call, true]);
      for (const call of [
        'ptrace',
        'process_vm_writev',
        'mount',
        'init_module',
        'kexec_load',
        'reboot',
        'swapon',
        'settimeofday',
        'setns',
        'unshare',
      ])
        expect([call, allowed.has(call)]).toEqual([call, false]);
    },
  );
});
