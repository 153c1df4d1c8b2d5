import { describe, expect, it } from 'vitest';
import {
  type Capability,
  effectiveIn,
  neededToStart,
  neededWhileRunning,
} from '../../../src/cli/privileges/capabilities.ts';

const REQUIRED = ['CAP_NET_ADMIN', 'CAP_PERFMON', 'CAP_BPF'];
const all = (): boolean => true;
const USUAL = { hasBtf: true, listenPort: 19_090 };

describe('capabilities until everything is attached', () => {
  it.each<[string, Partial<typeof USUAL>, (capability: Capability) => boolean, string[]]>([
    ['on a usual host', {}, all, [...REQUIRED, 'CAP_SYS_PTRACE']],
    ['without BTF', { hasBtf: false }, all, [...REQUIRED, 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH']],
    [
      'to listen on a reserved port',
      { listenPort: 443 },
      all,
      [...REQUIRED, 'CAP_SYS_PTRACE', 'CAP_NET_BIND_SERVICE'],
    ],
    ['to listen on none', { listenPort: 0 }, all, [...REQUIRED, 'CAP_SYS_PTRACE']],
    [
      'with CAP_SYS_ADMIN instead of CAP_BPF',
      {},
      (name) => name !== 'CAP_BPF',
      [...REQUIRED, 'CAP_SYS_ADMIN', 'CAP_SYS_PTRACE'],
    ],
  ])('%s', (_name, circumstances, has, expected) => {
    expect(neededToStart({ ...USUAL, ...circumstances }, has)).toEqual(expected);
  });
});

describe('capabilities from then on', () => {
  const RUNNING = { ...USUAL, kernel: '6.18.44-fc', execTellsPath: true, watchesPackets: false };
  it.each<[string, Partial<typeof RUNNING>, string[]]>([
    ['none on a usual host', {}, []],
    ['none on the first kernel that gives maps to their holder', { kernel: '5.19.0' }, []],
    ['CAP_BPF on an older kernel', { kernel: '5.15.0-91-generic' }, ['CAP_BPF']],
    [
      'CAP_SYS_PTRACE where /proc must tell the paths of programs',
      { execTellsPath: false },
      ['CAP_SYS_PTRACE'],
    ],
    [
      'CAP_NET_BIND_SERVICE while a reserved port may have to be taken',
      { listenPort: 1023 },
      ['CAP_NET_BIND_SERVICE'],
    ],
    [
      'those of the start where packets of new interfaces are to be watched',
      { watchesPackets: true, kernel: '5.15.0' },
      ['CAP_NET_ADMIN', 'CAP_PERFMON', 'CAP_BPF'],
    ],
    ['no more for the first port that is free to all', { listenPort: 1024 }, []],
  ])('%s', (_name, circumstances, expected) => {
    expect(neededWhileRunning({ ...RUNNING, ...circumstances })).toEqual(expected);
  });
});

it('reads effective capabilities out of /proc/PID/status', () => {
  const has = effectiveIn('CapPrm:\t000001ffffffffff\nCapEff:\t000000c000001000\nCapBnd:\t0\n');
  expect(
    ['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN', 'CAP_SYS_PTRACE'].map((name) =>
      has(name as Capability),
    ),
  ).toEqual([true, true, true, false, false]);
  expect(effectiveIn('')('CAP_BPF')).toBe(false);
});
