import { describe, expect, it } from 'vitest';
import {
  btfCheck,
  capabilityCheck,
  hostChecks,
  kernelCheck,
  lockdownCheck,
  memlockCheck,
  tracefsCheck,
} from '../../src/cli/doctor/host-checks.ts';

/** CapEff of /proc/self/status with these capabilities. */
function status(...bits: number[]): string {
  const mask = bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
  return `Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t${mask.toString(16).padStart(16, '0')}\nSeccomp:\t0\n`;
}
const [NET_ADMIN, SYS_ADMIN, PERFMON, BPF] = [12, 21, 38, 39];

describe('doctor: kernel', () => {
  it.each([
    ['6.18.44-fc-v657', 'ok'],
    ['6.1.0-28-amd64', 'ok'],
    ['5.15.0', 'ok'],
    ['5.15', 'ok'],
    ['5.14.21-150500.55-default', 'missing'],
    ['4.18.0-553.el8_10.x86_64', 'missing'],
    ['nonsense', 'missing'],
  ])('%s is %s', (version, state) => {
    const check = kernelCheck(version);
    expect(check).toMatchObject({ name: 'kernel', state, detail: version });
    expect(check.cure === undefined).toBe(state === 'ok');
  });
});

describe('doctor: capabilities', () => {
  it.each([
    ['all of them', status(NET_ADMIN, PERFMON, BPF), 'ok', 'CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF'],
    ['root', 'CapEff:\t000001ffffffffff\n', 'ok', 'CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF'],
    [
      'CAP_SYS_ADMIN instead of two',
      status(NET_ADMIN, SYS_ADMIN),
      'ok',
      'CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF',
    ],
    ['CAP_SYS_ADMIN alone', status(SYS_ADMIN), 'missing', 'lacking CAP_NET_ADMIN'],
    ['no CAP_BPF', status(NET_ADMIN, PERFMON), 'missing', 'lacking CAP_BPF'],
    ['no CAP_PERFMON', status(NET_ADMIN, BPF), 'missing', 'lacking CAP_PERFMON'],
    ['none', status(), 'missing', 'lacking CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF'],
    ['a status without the line', 'Name:\tx\n', 'missing', 'lacking CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF'],
  ])('%s', (_name, text, state, detail) => {
    const check = capabilityCheck(text);
    expect(check).toMatchObject({ name: 'capabilities', state, detail });
    if (state === 'missing') expect(check.cure).toContain('grant CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF');
  });
});

describe('doctor: the rest of the host', () => {
  it.each([
    ['none [integrity] confidentiality\n', 'ok', 'integrity'],
    ['[none] integrity confidentiality\n', 'ok', 'none'],
    [
      'none integrity [confidentiality]\n',
      'degraded',
      'confidentiality: programs that read kernel memory are refused',
    ],
    ['', 'ok', 'not readable (securityfs is not mounted)'],
  ])('lockdown %j', (text, state, detail) => {
    expect(lockdownCheck(text)).toMatchObject({ state, detail });
  });

  it.each([
    ['Max locked memory         8388608              8388608              bytes     \n', /^8388608 bytes /],
    ['Max locked memory         unlimited            unlimited            bytes     \n', /^unlimited \(/],
    ['', /^unknown/],
  ])('memlock %j', (text, detail) => {
    const check = memlockCheck(text);
    expect(check.state).toBe('ok');
    expect(check.detail).toMatch(detail);
  });

  it('BTF', () => {
    expect(btfCheck('/nonexistent/vmlinux')).toMatchObject({
      state: 'degraded',
      cure: expect.stringContaining('CONFIG_DEBUG_INFO_BTF'),
    });
    expect(btfCheck(process.execPath)).toMatchObject({ state: 'ok', detail: process.execPath });
  });

  it('tracefs is needed only without BTF', () => {
    expect(tracefsCheck(true).state).toBe('ok');
    expect(['ok', 'degraded']).toContain(tracefsCheck(false).state);
  });

  it('every check has a name of its own and says something', () => {
    const checks = hostChecks();
    const names = checks.map((check) => check.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { detail, state, cure } of checks) {
      expect(detail).not.toBe('');
      if (state !== 'ok') expect(cure).toBeTruthy();
    }
  });
});
