import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { cgroup2Mount } from '../../src/capture/live/cgroup.ts';
import { isAlive, makeCgroup, pidInName, removeCgroup, removeStaleCgroups, TEST_PREFIX } from './cgroups.ts';
import {
  makeNamespacePair,
  type NamespacePair,
  removeNamespacePair,
  removeStaleNamespaces,
} from './namespaces.ts';
import { type Program, type ProgramOptions, peerProgram, startProgram } from './programs.ts';

/** Where a program runs: by default in the sandbox's cgroup and its inner namespace. */
export interface Place {
  /** A cgroup of the sandbox, or `none` to stay outside. */
  readonly cgroup?: string;
  readonly namespace?: 'inside' | 'outside' | 'host';
}

/** A piece of this machine for one test file: a cgroup, two namespaces, a folder. close() leaves nothing behind. */
export interface Sandbox {
  readonly cgroup: string;
  readonly namespaces: NamespacePair;
  /** For files; removed at the end. */
  readonly folder: string;
  /** Makes a cgroup below the sandbox's. */
  subgroup(name: string): string;
  /** Starts a program; one that still runs at the end is ended then. */
  start(argv: readonly string[], place?: Place): Program;
  /** Starts a peer (peer.c) that carries out the operations, e.g. `tcp4 connect 127.0.0.1 80 close`. */
  peer(operations: string, place?: Place): Program;
  /** Ends all programs that still run; for between tests. */
  endPrograms(): Promise<void>;
  close(): Promise<void>;
}

/** Why live tests cannot run here, or undefined when they can. */
export function whyNoSandbox(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (cgroup2Mount() === undefined) return 'needs a cgroup v2 hierarchy';
  return undefined;
}

let made = 0;

export async function openSandbox(): Promise<Sandbox> {
  await removeStaleCgroups();
  removeStaleNamespaces();
  removeStaleFolders();
  const name = `${TEST_PREFIX}${process.pid}-${made++}`;
  const peer = peerProgram();
  const cgroup = makeCgroup(name);
  const namespaces = await orRemove(cgroup, () => makeNamespacePair(name));
  const folder = mkdtempSync(`${tmpdir()}/${name}-`);
  // Programs that give up root must reach it, too.
  chmodSync(folder, 0o755);
  const programs = new Set<Program>();

  const start = (argv: readonly string[], place: Place = {}): Program => {
    const program = startProgram(argv, optionsFor(place, cgroup, namespaces));
    programs.add(program);
    return program;
  };
  const endPrograms = async (): Promise<void> => {
    for (const program of programs) await program.kill();
    programs.clear();
  };
  return {
    cgroup,
    namespaces,
    folder,
    subgroup: (child) => {
      mkdirSync(`${cgroup}/${child}`, { recursive: true });
      return `${cgroup}/${child}`;
    },
    start,
    peer: (operations, place) => start([peer, ...operations.trim().split(/\s+/)], place),
    endPrograms,
    close: async () => {
      await endPrograms();
      await removeCgroup(cgroup);
      removeNamespacePair(namespaces);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function removeStaleFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = pidInName(name);
    if (pid !== undefined && !isAlive(pid)) rmSync(`${tmpdir()}/${name}`, { recursive: true, force: true });
  }
}

async function orRemove<T>(cgroup: string, make: () => T): Promise<T> {
  try {
    return make();
  } catch (error) {
    await removeCgroup(cgroup);
    throw error;
  }
}

function optionsFor(place: Place, cgroup: string, { inside, outside }: NamespacePair): ProgramOptions {
  return {
    cgroup: place.cgroup === 'none' ? undefined : (place.cgroup ?? cgroup),
    namespace: { inside, outside, host: undefined }[place.namespace ?? 'inside'],
  };
}
