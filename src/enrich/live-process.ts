import type { Owner } from '../model/process.ts';
import { type ClockReading, epochToMonotonicNs, ticksToMonotonicNs } from './clocks.ts';
import type { ProcStat } from './proc-parse.ts';
import type { ProcReader } from './proc-reader.ts';

/** What /proc told of a process while it provably was the one asked for. */
export interface LiveProgram {
  readonly parentPid: number;
  /** CLOCK_MONOTONIC ns, rounded down to 10 ms. */
  readonly startNs: number;
  readonly path: string | undefined;
  readonly args: readonly string[] | undefined;
}

/** Looks at running processes, and says nothing when in doubt. */
export interface LiveProcesses {
  /** The program of `owner` at `timeMs`; undefined when the process is gone or may be another by now. */
  program(owner: Owner, timeMs: number): LiveProgram | undefined;
  /** The process of this pid if it began no later than `notLaterNs`; without arguments. */
  older(pid: number, notLaterNs: number): (LiveProgram & { readonly comm: string }) | undefined;
}

/** Every look is framed by two reads of the start time: the pid may be given away in between. */
export function createLiveProcesses(procfs: ProcReader, clocks: ClockReading): LiveProcesses {
  const startNsOf = (stat: ProcStat) => ticksToMonotonicNs(stat.startTicks, clocks);

  function unchanged(before: ProcStat): boolean {
    const after = procfs.stat(before.pid);
    return after?.startTicks === before.startTicks && after.comm === before.comm;
  }

  /** A later exec in the same process keeps pid and start time, but not the name. */
  function bearsName(stat: ProcStat, comm: string): boolean {
    return stat.comm === comm || procfs.hasThread(stat.pid, comm);
  }

  function program(owner: Owner, timeMs: number): LiveProgram | undefined {
    if (owner.pid <= 0) return undefined;
    const stat = procfs.stat(owner.pid);
    if (stat === undefined) return undefined;
    const notLaterNs = owner.startNs > 0 ? owner.startNs : epochToMonotonicNs(timeMs, clocks);
    if (startNsOf(stat) > notLaterNs || !bearsName(stat, owner.comm)) return undefined;
    const path = procfs.executable(owner.pid);
    const args = procfs.commandLine(owner.pid);
    if (!unchanged(stat)) return undefined;
    return { parentPid: stat.parentPid, startNs: startNsOf(stat), path, args };
  }

  function older(pid: number, notLaterNs: number): ReturnType<LiveProcesses['older']> {
    const stat = pid > 0 ? procfs.stat(pid) : undefined;
    if (stat === undefined || startNsOf(stat) > notLaterNs) return undefined;
    const path = procfs.executable(pid);
    if (!unchanged(stat)) return undefined;
    return { parentPid: stat.parentPid, startNs: startNsOf(stat), path, args: undefined, comm: stat.comm };
  }

  return { program, older };
}
