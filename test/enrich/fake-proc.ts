import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ClockReading } from '../../src/enrich/clocks.ts';
import type { ProcessEvent } from '../../src/model/event.ts';
import type { Owner } from '../../src/model/process.ts';

/** A machine that has been up for 1,000 s, of which it never slept. */
export const CLOCKS: ClockReading = { epochMs: 1_700_000_000_000, monotonicNs: 1000e9, boottimeNs: 1000e9 };

/** Seconds of up-time as record time and as monotonic ns. */
export const atMs = (seconds: number) => CLOCKS.epochMs + (seconds - 1000) * 1000;
export const atNs = (seconds: number) => seconds * 1e9;

export interface FakeProcess {
  readonly pid: number;
  readonly parentPid?: number;
  readonly comm: string;
  /** Seconds after boot. */
  readonly start: number;
  readonly uid?: number;
  readonly exe?: string;
  readonly cmdline?: string | Uint8Array;
  readonly cgroup?: string;
  /** Names of threads. */
  readonly threads?: readonly string[];
}

export interface FakeProc {
  readonly root: string;
  /** Starts a process, or lets another take its pid. */
  put(process: FakeProcess): void;
  kill(pid: number): void;
}

/** A temporary folder, removed with the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'telegen-enrich-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function makeFile(path: string, content: string | Uint8Array = ''): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** A folder that looks like /proc to whoever reads processes. */
export function createFakeProc(): FakeProc {
  const root = scratchFolder();
  const kill = (pid: number) => rmSync(join(root, String(pid)), { recursive: true, force: true });
  function put(process: FakeProcess): void {
    const {
      pid,
      parentPid = 1,
      comm,
      start,
      uid = 1000,
      exe,
      cmdline = '',
      cgroup = '0::/\n',
      threads = [],
    } = process;
    kill(pid);
    const at = (name: string) => join(root, String(pid), name);
    const ticks = Math.floor(start * 100);
    makeFile(
      at('stat'),
      `${pid} (${comm}) S ${parentPid} ${pid} ${pid} 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 ${ticks} 99 1\n`,
    );
    makeFile(at('status'), `Name:\t${comm}\nUmask:\t0022\nUid:\t${uid}\t0\t0\t0\nGid:\t0\t0\t0\t0\n`);
    makeFile(at('cmdline'), cmdline);
    makeFile(at('cgroup'), cgroup);
    if (exe !== undefined) symlinkSync(exe, at('exe'));
    for (const [index, name] of [comm, ...threads].entries())
      makeFile(at(`task/${pid + index}/comm`), `${name}\n`);
  }
  return { root, put, kill };
}

/** An owner as the kernel side stores it. */
export function owner(fields: Partial<Owner> & { readonly pid: number }): Owner {
  return { parentPid: 1, uid: 1000, startNs: 0, execId: 0, comm: 'test', cgroupId: 0, ...fields };
}

export function execOf(who: Owner, fields: Partial<ProcessEvent> = {}): ProcessEvent {
  return { kind: 'process', action: 'exec', timeMs: atMs(who.startNs / 1e9), owner: who, ...fields };
}

export function exitOf(who: Owner, seconds: number): ProcessEvent {
  return { kind: 'process', action: 'exit', timeMs: atMs(seconds), owner: who };
}
