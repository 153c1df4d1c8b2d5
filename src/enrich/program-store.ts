import type { ContainerRef } from './cgroup-parse.ts';
import { createQueue, type Queue, type QueueLink } from './queue.ts';

/** An exec id, or `pid:startNs` for a process whose exec was not observed. */
export type ProgramKey = number | string;

/** One program that ran in one process: from exec to the next exec or the exit. Forks of it share the entry. */
export interface Program {
  readonly key: ProgramKey;
  /** The process that called exec (or, learned from /proc, the process that was looked at). */
  readonly pid: number;
  readonly parentPid: number;
  /** The program that the parent ran when this one began, if it was known then. */
  readonly parentKey: ProgramKey | undefined;
  /** CLOCK_MONOTONIC ns; 0 when unknown. */
  readonly startNs: number;
  readonly execId: number;
  readonly cgroupId: number;
  readonly comm: string;
  readonly path: string | undefined;
  /** Masked. */
  readonly commandLine: string | undefined;
  /** As they were when the program began, parent first; undefined until looked up. */
  readonly ancestors: readonly string[] | undefined;
  readonly container: ContainerRef | undefined;
}

export interface ProgramStore {
  /** Reading on behalf of a process counts as use; a fork that outlives the exec'er keeps the program alive. */
  get(key: ProgramKey, pid: number): Program | undefined;
  /** As `get`, without counting as use. */
  peek(key: ProgramKey): Program | undefined;
  /** What the process runs now. */
  current(pid: number): Program | undefined;
  /** `running: false` for a process that was gone already. Takes the place of an entry of the same key. */
  add(program: Program, running: boolean): void;
  /** Completes an entry, if it is still there. */
  setAncestors(key: ProgramKey, ancestors: readonly string[]): void;
  /** The process has ended. Its program is kept until room is needed: records of its connections may follow. */
  end(pid: number): void;
  /** Characters of text are what the entries' memory mostly consists of. */
  size(): { readonly programs: number; readonly chars: number };
}

export interface ProgramStoreOptions {
  readonly maxEntries: number;
  readonly maxChars: number;
  readonly onEvict: () => void;
}

interface Slot extends QueueLink<Slot> {
  program: Program;
  isGone: boolean;
  chars: number;
  ended: boolean;
}

const RECENT_SLOTS = 512;

/**
 * Two queues, least recently used first: running programs and ended ones. The ended make room first, but a
 * quarter of the room is theirs, so that a process of 5 ms is still known when its last record arrives.
 */
export function createProgramStore(options: ProgramStoreOptions): ProgramStore {
  return new Store(options);
}

class Store implements ProgramStore {
  readonly #options: ProgramStoreOptions;
  readonly #reserved: number;
  readonly #slots = new Map<ProgramKey, Slot>();
  readonly #byPid = new Map<number, Slot>();
  /** Asked for last, by pid: exec ids are large numbers, which take ten times as long to find in a map. */
  readonly #recent: (Slot | undefined)[] = Array.from({ length: RECENT_SLOTS });
  readonly #running = createQueue<Slot>();
  readonly #ended = createQueue<Slot>();
  #chars = 0;

  constructor(options: ProgramStoreOptions) {
    this.#options = options;
    this.#reserved = Math.floor(options.maxEntries / 4);
  }

  get(key: ProgramKey, pid: number): Program | undefined {
    const recent = this.#recent[pid % RECENT_SLOTS];
    const isRecent = recent !== undefined && recent.program.key === key && !recent.isGone;
    const slot = isRecent ? recent : this.#slots.get(key);
    if (slot === undefined) return undefined;
    this.#recent[pid % RECENT_SLOTS] = slot;
    this.#place(slot, slot.ended && slot.program.pid === pid);
    return slot.program;
  }

  peek(key: ProgramKey): Program | undefined {
    return this.#slots.get(key)?.program;
  }

  current(pid: number): Program | undefined {
    return this.#byPid.get(pid)?.program;
  }

  add(program: Program, running: boolean): void {
    const old = this.#slots.get(program.key);
    if (old !== undefined) this.#remove(old);
    if (running) this.end(program.pid);
    const slot: Slot = {
      program,
      isGone: false,
      chars: charsOf(program),
      ended: !running,
      before: undefined,
      after: undefined,
    };
    this.#slots.set(program.key, slot);
    if (running) this.#byPid.set(program.pid, slot);
    this.#queueOf(slot).push(slot);
    this.#chars += slot.chars;
    this.#makeRoom();
  }

  setAncestors(key: ProgramKey, ancestors: readonly string[]): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    slot.program = { ...slot.program, ancestors };
    this.#chars -= slot.chars;
    slot.chars = charsOf(slot.program);
    this.#chars += slot.chars;
    this.#makeRoom();
  }

  end(pid: number): void {
    const slot = this.#byPid.get(pid);
    if (slot === undefined) return;
    this.#byPid.delete(pid);
    this.#place(slot, true);
  }

  size(): { readonly programs: number; readonly chars: number } {
    return { programs: this.#slots.size, chars: this.#chars };
  }

  #queueOf(slot: Slot): Queue<Slot> {
    return slot.ended ? this.#ended : this.#running;
  }

  #place(slot: Slot, ended: boolean): void {
    this.#queueOf(slot).remove(slot);
    slot.ended = ended;
    this.#queueOf(slot).push(slot);
  }

  #remove(slot: Slot): void {
    const { key, pid } = slot.program;
    slot.isGone = true;
    this.#queueOf(slot).remove(slot);
    this.#slots.delete(key);
    if (this.#byPid.get(pid) === slot) this.#byPid.delete(pid);
    this.#chars -= slot.chars;
  }

  #makeRoom(): void {
    const { maxEntries, maxChars, onEvict } = this.#options;
    while (this.#slots.size > maxEntries || this.#chars > maxChars) {
      const fromEnded = this.#ended.size() >= this.#reserved || this.#running.size() <= 1;
      const victim = (fromEnded ? this.#ended : this.#running).first() ?? this.#running.first();
      if (victim === undefined) return;
      this.#remove(victim);
      onEvict();
    }
  }
}

function charsOf(program: Program): number {
  let chars = program.comm.length + (program.path?.length ?? 0) + (program.commandLine?.length ?? 0);
  for (const ancestor of program.ancestors ?? []) chars += ancestor.length;
  return chars;
}
