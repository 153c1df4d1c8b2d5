import type { Owner } from '../model/process.ts';
import type { Program, ProgramKey } from './program-store.ts';

/** The part of a program that the kernel's record tells. */
export function factsOf(
  owner: Owner,
): Pick<Program, 'key' | 'pid' | 'parentPid' | 'startNs' | 'execId' | 'cgroupId' | 'comm'> {
  const { pid, parentPid, startNs, execId, cgroupId, comm } = owner;
  return { key: execId > 0 ? execId : startKey(owner), pid, parentPid, startNs, execId, cgroupId, comm };
}

/** Key of a program whose exec was not observed. */
export function startKey(owner: Owner): ProgramKey {
  return `${owner.pid}:${owner.startNs}`;
}

/** `Process.key`: as exact as what the kernel told. */
export function processKey(owner: Owner): string {
  if (owner.startNs > 0) return `${owner.pid}:${owner.startNs}`;
  return owner.execId > 0 ? `${owner.pid}:${owner.execId}` : `${owner.pid}:${owner.comm}`;
}

/** Whether the owner is the process that began the program, rather than a fork of it (pids are reused). */
export function beganBy(program: Program, owner: Owner): boolean {
  if (program.pid !== owner.pid) return false;
  return program.startNs === owner.startNs || program.startNs === 0 || owner.startNs === 0;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path;
}
