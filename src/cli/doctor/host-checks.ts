import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { loadAddon } from '../../capture/addon.ts';
import { cgroup2Mount } from '../../capture/live/cgroup.ts';
import { effectiveIn, REQUIRED } from '../privileges/capabilities.ts';

export type CheckState = 'ok' | 'degraded' | 'missing';

export interface Check {
  readonly name: string;
  readonly state: CheckState;
  readonly detail: string;
  readonly cure?: string;
}

const FLOOR = [5, 15] as const;

/** The file's text, or undefined when it is absent or unreadable. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether a kernel release is this one or a later one. */
export function isAtLeast(version: string, [wantedMajor, wantedMinor]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

export function kernelCheck(version = release()): Check {
  if (isAtLeast(version, FLOOR)) return { name: 'kernel', state: 'ok', detail: version };
  return { name: 'kernel', state: 'missing', detail: version, cure: 'telegen needs Linux 5.15 or newer' };
}

export function btfCheck(file = '/sys/kernel/btf/vmlinux'): Check {
  if (existsSync(file)) return { name: 'btf', state: 'ok', detail: file };
  const detail = `no ${file}: no exact errno, accepting worker or arguments of short-lived processes`;
  return { name: 'btf', state: 'degraded', detail, cure: 'use a kernel built with CONFIG_DEBUG_INFO_BTF=y' };
}

/** `status` is the text of /proc/self/status. */
export function capabilityCheck(status = read('/proc/self/status') ?? ''): Check {
  const has = effectiveIn(status);
  const lacking = REQUIRED.filter(
    (name) => !has(name) && !(name !== 'CAP_NET_ADMIN' && has('CAP_SYS_ADMIN')),
  );
  const needed = REQUIRED.join(', ');
  if (lacking.length === 0) return { name: 'capabilities', state: 'ok', detail: needed };
  const names = lacking.join(', ');
  const cure = `run as root, or grant ${needed} (systemd: AmbientCapabilities=, containers: cap_add)`;
  return { name: 'capabilities', state: 'missing', detail: `lacking ${names}`, cure };
}

export function cgroupCheck(): Check {
  const mount = cgroup2Mount();
  if (mount !== undefined) return { name: 'cgroup v2', state: 'ok', detail: mount };
  const cure = 'mount -t cgroup2 none /sys/fs/cgroup, or boot with systemd.unified_cgroup_hierarchy=1';
  return { name: 'cgroup v2', state: 'missing', detail: 'no cgroup2 file system is mounted', cure };
}

/** Lockdown "confidentiality" forbids reading kernel memory; telegen's core reads none. */
export function lockdownCheck(text = read('/sys/kernel/security/lockdown')): Check {
  const mode = /\[(\w+)\]/.exec(text ?? '')?.[1];
  if (mode === 'confidentiality') {
    const detail = 'confidentiality: programs that read kernel memory are refused';
    return {
      name: 'lockdown',
      state: 'degraded',
      detail,
      cure: 'boot with lockdown=integrity for the extras',
    };
  }
  return { name: 'lockdown', state: 'ok', detail: mode ?? 'not readable (securityfs is not mounted)' };
}

/** Kernels before 5.11 charge BPF memory to this limit; later ones to the cgroup. */
export function memlockCheck(limits = read('/proc/self/limits') ?? ''): Check {
  const soft = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1] ?? 'unknown';
  return {
    name: 'memlock',
    state: 'ok',
    detail: `${soft}${soft === 'unlimited' ? '' : ' bytes'} (not used for BPF since Linux 5.11)`,
  };
}

export function tracefsCheck(hasBtf: boolean): Check {
  if (existsSync('/sys/kernel/tracing/events') || existsSync('/sys/kernel/debug/tracing/events'))
    return { name: 'tracefs', state: 'ok', detail: 'mounted' };
  if (hasBtf) return { name: 'tracefs', state: 'ok', detail: 'not mounted; not needed with BTF' };
  const detail = 'not mounted: processes cannot be followed without BTF';
  return { name: 'tracefs', state: 'degraded', detail, cure: 'mount -t tracefs none /sys/kernel/tracing' };
}

export function addonCheck(): Check {
  try {
    loadAddon();
    return { name: 'addon', state: 'ok', detail: 'loaded' };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { name: 'addon', state: 'missing', detail, cure: 'make build' };
  }
}

export function hostChecks(): Check[] {
  const btf = btfCheck();
  return [
    kernelCheck(),
    btf,
    capabilityCheck(),
    cgroupCheck(),
    lockdownCheck(),
    memlockCheck(),
    tracefsCheck(btf.state === 'ok'),
    addonCheck(),
  ];
}
