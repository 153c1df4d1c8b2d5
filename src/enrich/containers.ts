import type { Owner } from '../model/process.ts';
import { type ContainerRef, containerOfPath, parseCgroup } from './cgroup-parse.ts';
import type { CgroupPaths } from './cgroup-paths.ts';
import type { ProcReader } from './proc-reader.ts';
import type { Program } from './program-store.ts';

/** Finds the container of a process. */
export interface Containers {
  /** When a program begins: its own cgroup file if `alive`, else its cgroup id, else its parent's container. */
  ofNew(
    owner: Owner,
    at: { timeMs: number; alive: boolean; parent: Program | undefined },
  ): ContainerRef | undefined;
  /** Of a process that runs `program`, when it may have moved since. */
  ofOwner(owner: Owner, timeMs: number, program: Program): ContainerRef | undefined;
}

/** `ref: undefined` says: surely none. */
interface Answer {
  readonly ref: ContainerRef | undefined;
}

/** Reads at most one file of /proc per program. */
export function createContainers(procfs: ProcReader, cgroupPaths: CgroupPaths | undefined): Containers {
  /** On a host with v1 hierarchies the v2 path may be `/` inside a container. Learned from the files read. */
  let unifiedOnly = false;

  function byFile(owner: Owner): Answer | undefined {
    const text = procfs.cgroup(owner.pid);
    if (text === undefined) return undefined;
    const membership = parseCgroup(text);
    const { unifiedPath, container: ref } = membership;
    unifiedOnly = membership.unifiedOnly;
    // The file of a pid that was given away names another cgroup than the record does.
    if (unifiedPath !== undefined && cgroupPaths?.confirm(owner.cgroupId, unifiedPath) === false)
      return undefined;
    return ref !== undefined || membership.conclusive ? { ref } : undefined;
  }

  function byId(owner: Owner, timeMs: number): Answer | undefined {
    const path = cgroupPaths?.pathOf(owner.cgroupId, timeMs);
    if (path === undefined) return undefined;
    const ref = containerOfPath(path);
    return ref !== undefined || unifiedOnly ? { ref } : undefined;
  }

  return {
    ofNew(owner, { timeMs, alive, parent }) {
      const answer = (alive ? byFile(owner) : undefined) ?? byId(owner, timeMs);
      return answer === undefined ? parent?.container : answer.ref;
    },
    ofOwner(owner, timeMs, program) {
      const moved = owner.cgroupId > 0 && program.cgroupId > 0 && owner.cgroupId !== program.cgroupId;
      const answer = moved ? byId(owner, timeMs) : undefined;
      return answer === undefined ? program.container : answer.ref;
    },
  };
}
