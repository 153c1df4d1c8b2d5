import type { ProcessEvent } from '../model/event.ts';
import type { Owner, Process, Workload } from '../model/process.ts';
import { absolutePath, plainPath } from '../net/program-path.ts';
import type { ContainerRef } from './cgroup-parse.ts';
import type { CgroupPaths } from './cgroup-paths.ts';
import { type ClockReading, epochToMonotonicNs, monotonicToEpochMs } from './clocks.ts';
import { commandLineOf, joinMasked } from './command-line.ts';
import { type Containers, createContainers } from './containers.ts';
import { climb, parentAt, withParent } from './lineage.ts';
import { createLiveProcesses, type LiveProcesses } from './live-process.ts';
import type { PodIndex } from './pods.ts';
import type { ProcReader } from './proc-reader.ts';
import { baseName, beganBy, factsOf, processKey, startKey } from './program-facts.ts';
import { createProgramStore, type Program, type ProgramStore } from './program-store.ts';
import { ancestorsOf, type SeedEntry } from './seed.ts';
import type { UserNames } from './users.ts';

/** Knows which program every process runs, from the kernel's records and, where those are silent, from /proc. */
export interface ProcessTable {
  /** Takes an exec or exit record, in the order of the ring. */
  observe(event: ProcessEvent): void;
  /** Takes the processes that are older than telegen; what records said already stays. */
  seed(entries: readonly SeedEntry[]): void;
  /** The process behind a record of `timeMs`. What cannot be known for sure is absent. */
  resolve(owner: Owner, timeMs: number): Process;
  /** Its container and pod; undefined outside containers, and when unknown. */
  workloadOf(owner: Owner, timeMs: number): Workload | undefined;
  /** Programs kept, and the characters they hold. */
  size(): { readonly programs: number; readonly chars: number };
}

export interface ProcessTableOptions {
  readonly procfs: ProcReader;
  readonly clocks: ClockReading;
  readonly userName: UserNames;
  /** Absent where cgroup v2 is not mounted. */
  readonly cgroupPaths?: CgroupPaths;
  /** Names of pods where `cluster` has none; absent outside Kubernetes. */
  readonly pods?: PodIndex;
  /** What the Kubernetes API tells; undefined for what it has not told. Absent when it is not read. */
  readonly cluster?: { workloadOf(ref: ContainerRef): Workload | undefined } | undefined;
  readonly maxEntries?: number;
  /** Bound on the text kept, in characters. */
  readonly maxChars?: number;
  /** Called for each program that is forgotten to make room. */
  readonly onEvict?: () => void;
}

/** The last process that was told for a pid, and what that was made of. */
interface Resolved {
  readonly owner: Owner;
  readonly program: Program;
  readonly user: string | undefined;
  readonly parentCommandLine: string | undefined;
  readonly process: Process;
}
const RESOLVED_SLOTS = 512;

type Image = Pick<Program, 'path' | 'commandLine'>;

/** Creates an empty table. It never throws, and never keeps more than its two bounds. */
export function createProcessTable(options: ProcessTableOptions): ProcessTable {
  return new Table(options);
}

class Table implements ProcessTable {
  readonly #options: ProcessTableOptions;
  readonly #store: ProgramStore;
  readonly #live: LiveProcesses;
  readonly #containers: Containers;
  /** By pid: a process that has many connections is asked for with each of them. */
  readonly #resolved: (Resolved | undefined)[] = Array.from({ length: RESOLVED_SLOTS });

  constructor(options: ProcessTableOptions) {
    const { maxEntries = 65_536, maxChars = 32 << 20, onEvict = () => undefined } = options;
    this.#options = options;
    this.#store = createProgramStore({ maxEntries, maxChars, onEvict });
    this.#live = createLiveProcesses(options.procfs, options.clocks);
    this.#containers = createContainers(options.procfs, options.cgroupPaths);
  }

  observe(event: ProcessEvent): void {
    if (event.action === 'exec') this.#begin(event);
    else this.#finish(event.owner);
  }

  seed(entries: readonly SeedEntry[]): void {
    const lineage = ancestorsOf(entries);
    for (const entry of entries) {
      if ((this.#store.current(entry.pid)?.startNs ?? -1) >= entry.startNs) continue;
      const { args, exe: path, uid: _uid, ...facts } = entry;
      const commandLine = joinMasked(args);
      const rest = { key: entry.execId, parentKey: undefined, cgroupId: 0, ancestors: lineage(entry) };
      this.#store.add({ ...facts, ...rest, path, commandLine }, true);
    }
  }

  resolve(owner: Owner, timeMs: number): Process {
    const program = this.#locate(owner, timeMs);
    // A container has users of its own.
    const user = program.container === undefined ? this.#options.userName(owner.uid, timeMs) : undefined;
    const parentCommandLine = this.#parentCommandLine(owner, program);
    const slot = owner.pid % RESOLVED_SLOTS;
    const last = this.#resolved[slot];
    if (last?.owner === owner && last.program === program && last.user === user)
      if (last.parentCommandLine === parentCommandLine) return last.process;
    const process = this.#describe(owner, program, { user, parentCommandLine });
    // The look-up of ancestors makes it another program, which is complete.
    if (program.ancestors !== undefined)
      this.#resolved[slot] = { owner, program, user, parentCommandLine, process };
    return process;
  }

  #describe(
    owner: Owner,
    program: Program,
    { user, parentCommandLine }: Pick<Resolved, 'user' | 'parentCommandLine'>,
  ): Process {
    const { clocks } = this.#options;
    const { path, commandLine } = program;
    const parentPid = owner.parentPid > 0 || !beganBy(program, owner) ? owner.parentPid : program.parentPid;
    return {
      pid: owner.pid,
      key: processKey(owner),
      ...(parentPid > 0 && { parentPid }),
      name: path === undefined ? program.comm : baseName(path),
      ...(path !== undefined && { executablePath: path }),
      ...(commandLine !== undefined && { commandLine }),
      ...(parentCommandLine !== undefined && { parentCommandLine }),
      ...(owner.startNs > 0 && { startTimeMs: monotonicToEpochMs(owner.startNs, clocks) }),
      userId: owner.uid,
      ...(user !== undefined && { userName: user }),
      ancestors: this.#ancestors(owner, program),
    };
  }

  workloadOf(owner: Owner, timeMs: number): Workload | undefined {
    const ref = this.#containers.ofOwner(owner, timeMs, this.#locate(owner, timeMs));
    if (ref === undefined) return undefined;
    const { cluster, pods } = this.#options;
    const told = cluster?.workloadOf(ref);
    if (told !== undefined) return told;
    const named = ref.podUid === undefined ? ref : { ...ref, ...pods?.find(ref.podUid, timeMs) };
    return cluster === undefined ? named : { ...named, partial: true };
  }

  size(): ReturnType<ProgramStore['size']> {
    return this.#store.size();
  }

  #begin(event: ProcessEvent): void {
    const { owner, timeMs } = event;
    const parent = parentAt(this.#store, owner.parentPid, owner.startNs);
    const container = this.#containers.ofNew(owner, { timeMs, alive: true, parent });
    const ancestors = parent?.ancestors && withParent(parent, parent.ancestors);
    const image = this.#image(event);
    this.#store.add({ ...factsOf(owner), ...image, parentKey: parent?.key, ancestors, container }, true);
  }

  #image(event: ProcessEvent): Image {
    const path = absolutePath(event.executablePath) ?? plainPath(event.filename);
    const complete = path !== undefined && event.args !== undefined;
    const seen = complete ? undefined : this.#live.program(event.owner, event.timeMs);
    return {
      path: path ?? absolutePath(seen?.path),
      commandLine: commandLineOf(event.args ?? seen?.args),
    };
  }

  #finish(owner: Owner): void {
    const program = this.#store.current(owner.pid);
    // An older program under this pid has ended as well: its own record was lost.
    if (program && (owner.startNs === 0 || program.startNs <= owner.startNs)) this.#store.end(owner.pid);
  }

  /** By the exec whose image it runs; else by pid and start; else by /proc. */
  #locate(owner: Owner, timeMs: number): Program {
    const byExec = owner.execId > 0 ? this.#store.get(owner.execId, owner.pid) : undefined;
    if (byExec !== undefined) return byExec;
    const current = this.#store.current(owner.pid);
    if (current !== undefined && owner.startNs > 0 && current.startNs === owner.startNs) return current;
    return this.#store.get(startKey(owner), owner.pid) ?? this.#discover(owner, timeMs);
  }

  /** Remembered also when nothing was found: the next record of the process shall not search again. */
  #discover(owner: Owner, timeMs: number): Program {
    const knownNs = owner.startNs > 0 ? owner.startNs : epochToMonotonicNs(timeMs, this.#options.clocks);
    const replaced = (this.#store.current(owner.pid)?.startNs ?? 0) > knownNs;
    const seen = replaced ? undefined : this.#live.program(owner, timeMs);
    const parentPid = seen?.parentPid ?? owner.parentPid;
    const startNs = owner.startNs > 0 ? owner.startNs : (seen?.startNs ?? 0);
    const parent = parentAt(this.#store, parentPid, startNs);
    const birth = { parentPid, parentKey: parent?.key, startNs };
    const program: Program = {
      ...factsOf(owner),
      key: startKey(owner),
      parentPid,
      parentKey: parent?.key,
      path: absolutePath(seen?.path),
      commandLine: commandLineOf(seen?.args),
      ancestors: climb(birth, this.#store, this.#live),
      container: this.#containers.ofNew(owner, { timeMs, alive: seen !== undefined, parent }),
    };
    // Without a start time the next process of this pid could not be told from this one.
    if (owner.startNs > 0) this.#store.add(program, seen !== undefined);
    return program;
  }

  /** Of the parent as it was when this process began: a fork without exec is a child of its own program. */
  #parentCommandLine(owner: Owner, program: Program): string | undefined {
    if (!beganBy(program, owner)) return program.commandLine;
    return program.parentKey === undefined ? undefined : this.#store.peek(program.parentKey)?.commandLine;
  }

  #ancestors(owner: Owner, program: Program): readonly string[] {
    const own = program.ancestors ?? climb(program, this.#store, this.#live);
    if (program.ancestors === undefined) this.#store.setAncestors(program.key, own);
    return beganBy(program, owner) ? own : withParent(program, own);
  }
}
