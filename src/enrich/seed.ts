import { maskArgs } from '../net/secrets.ts';
import { type ContainerRef, parseCgroup } from './cgroup-parse.ts';
import { type ClockReading, ticksToMonotonicNs } from './clocks.ts';
import { labelOf, MAX_ANCESTORS } from './lineage.ts';
import type { ProcReader } from './proc-reader.ts';

/** A process that is older than telegen, for the table and for the kernel's map. */
export interface SeedEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** Real user id. */
  readonly uid: number;
  /** CLOCK_MONOTONIC ns, rounded down to 10 ms. */
  readonly startNs: number;
  /** Made up: in [2^52, 2^53), different for every process alive at one time. */
  readonly execId: number;
  /** Undefined for kernel threads. */
  readonly exe: string | undefined;
  /** Masked. */
  readonly args: readonly string[];
  readonly comm: string;
  readonly container: ContainerRef | undefined;
}

export interface SeedOptions {
  readonly clocks: ClockReading;
  /** Only processes in this v2 cgroup (`/path` below the mount) and its descendants. */
  readonly under?: string;
}

/** Far above any exec counter, so that it never meets an id given by the kernel side. */
const EXEC_ID_BASE = 2 ** 52;
/** pid_max is at most 2^22. */
const PID_LIMIT = 2 ** 22;
const TICK_LIMIT = 2 ** 30;
const TICK_NS = 10_000_000;

/** Lists the running processes. Those that vanish or change meanwhile are left out. */
export function seedEntries(procfs: ProcReader, options: SeedOptions): readonly SeedEntry[] {
  const entries: SeedEntry[] = [];
  for (const pid of procfs.listProcesses()) {
    const entry = read(procfs, pid, options);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function read(procfs: ProcReader, pid: number, { clocks, under }: SeedOptions): SeedEntry | undefined {
  const membership = parseCgroup(procfs.cgroup(pid) ?? '');
  if (under !== undefined && !isUnder(membership.unifiedPath, under)) return undefined;
  const stat = procfs.stat(pid);
  const exe = procfs.executable(pid);
  const args = procfs.commandLine(pid);
  const uid = procfs.userId(pid);
  const after = procfs.stat(pid);
  if (stat === undefined || args === undefined || uid === undefined) return undefined;
  if (after?.startTicks !== stat.startTicks || after.comm !== stat.comm) return undefined;
  const startNs = ticksToMonotonicNs(stat.startTicks, clocks);
  return {
    pid,
    parentPid: stat.parentPid,
    uid,
    startNs,
    execId: syntheticExecId(pid, startNs),
    exe: exe?.startsWith('/') ? exe : undefined,
    args: maskArgs(args),
    comm: stat.comm,
    container: membership.container,
  };
}

function syntheticExecId(pid: number, startNs: number): number {
  const tick = Math.floor(startNs / TICK_NS) % TICK_LIMIT;
  return EXEC_ID_BASE + tick * PID_LIMIT + (pid % PID_LIMIT);
}

function isUnder(path: string | undefined, under: string): boolean {
  const root = under.replace(/\/+$/, '');
  return path !== undefined && (path === root || path.startsWith(`${root}/`));
}

/** The ancestors of each entry, by the parent pids among the entries; undefined when one of them is not among them. */
export function ancestorsOf(
  entries: readonly SeedEntry[],
): (entry: SeedEntry) => readonly string[] | undefined {
  const byPid = new Map(entries.map((entry) => [entry.pid, entry]));
  return (entry) => {
    const labels: string[] = [];
    let { parentPid } = entry;
    while (parentPid > 0 && labels.length < MAX_ANCESTORS) {
      const parent = byPid.get(parentPid);
      if (parent === undefined) return undefined;
      labels.push(labelOf({ path: parent.exe, comm: parent.comm }));
      parentPid = parent.parentPid;
    }
    return labels;
  };
}
