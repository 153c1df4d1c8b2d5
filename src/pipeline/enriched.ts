import type { ProcessTable } from '../enrich/process-table.ts';
import type { JudgedEvent } from '../model/detector.ts';
import type { ConnectionEvent, ContentEvent } from '../model/event.ts';
import type { Owner, Process, Workload } from '../model/process.ts';

/**
 * The event with its process and workload. They are looked up when somebody asks: most connections interest nobody,
 * and the look-up costs more than all detectors together. Ask while the event is being handled, not later.
 */
export function enriched(event: JudgedEvent, processes: ProcessTable): JudgedEvent {
  const { owner } = event;
  if (owner === undefined) return event;
  return event.kind === 'connection'
    ? new Enriched(event, owner, processes)
    : enrichedContent(event, owner, processes);
}

function enrichedContent(event: ContentEvent, owner: Owner, processes: ProcessTable): ContentEvent {
  let process: Process | undefined;
  let workload: Workload | undefined | null = null;
  return {
    ...event,
    get process() {
      process ??= processes.resolve(owner, event.timeMs);
      return process;
    },
    get workload() {
      if (workload === null) workload = processes.workloadOf(owner, event.timeMs);
      return workload;
    },
  };
}

class Enriched implements ConnectionEvent {
  readonly kind = 'connection';
  readonly phase: ConnectionEvent['phase'];
  readonly timeMs: number;
  readonly transport: ConnectionEvent['transport'];
  readonly role: ConnectionEvent['role'];
  readonly local: ConnectionEvent['local'];
  readonly remote: ConnectionEvent['remote'];
  readonly socketId: number;
  readonly owner: Owner;
  readonly attribution: ConnectionEvent['attribution'];
  readonly #raw: ConnectionEvent;
  readonly #processes: ProcessTable;
  #process: Process | undefined;
  #workload: Workload | undefined;
  #workloadKnown = false;

  constructor(raw: ConnectionEvent, owner: Owner, processes: ProcessTable) {
    this.phase = raw.phase;
    this.timeMs = raw.timeMs;
    this.transport = raw.transport;
    this.role = raw.role;
    this.local = raw.local;
    this.remote = raw.remote;
    this.socketId = raw.socketId;
    this.owner = owner;
    this.attribution = raw.attribution;
    this.#raw = raw;
    this.#processes = processes;
  }

  get reason(): ConnectionEvent['reason'] {
    return this.#raw.reason;
  }

  get errno(): number | undefined {
    return this.#raw.errno;
  }

  get handshakeRttUs(): number | undefined {
    return this.#raw.handshakeRttUs;
  }

  get stats(): ConnectionEvent['stats'] {
    return this.#raw.stats;
  }

  get process(): Process {
    this.#process ??= this.#processes.resolve(this.owner, this.timeMs);
    return this.#process;
  }

  get workload(): Workload | undefined {
    if (!this.#workloadKnown) this.#workload = this.#processes.workloadOf(this.owner, this.timeMs);
    this.#workloadKnown = true;
    return this.#workload;
  }
}
