import type { ProcessTable } from '../enrich/process-table.ts';
import type { ConnectionEvent } from '../model/event.ts';
import type { Owner, Process, Workload } from '../model/process.ts';

/**
 * The event with its process and workload. They are looked up when somebody asks: most connections interest nobody,
 * and the look-up costs more than all detectors together. Ask while the event is being handled, not later.
 */
export function enriched(event: ConnectionEvent, processes: ProcessTable): ConnectionEvent {
  const { owner } = event;
  return owner === undefined ? event : new Enriched(event, owner, processes);
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
