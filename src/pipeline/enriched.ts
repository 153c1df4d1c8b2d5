import type { ProcessTable } from '../enrich/process-table.ts';
import type { JudgedEvent } from '../model/detector.ts';
import type { ConnectionEvent, ContentEvent, ProcessEvent } from '../model/event.ts';
import type { NameLookup } from '../model/lookup.ts';
import type { Owner, Process, Workload } from '../model/process.ts';

/** What can be known of an event beyond what was captured. */
export interface Enrichment {
  /** Absent in a replay: a capture knows no processes. */
  readonly processes?: ProcessTable | undefined;
  /** Names for addresses. */
  readonly names?: NameLookup | undefined;
}

/**
 * The event with its process, workload and names. They are looked up when somebody asks: most connections interest
 * nobody, and the look-up costs more than all detectors together. Ask while the event is being handled, not later.
 */
export function enriched(event: JudgedEvent, enrichment: Enrichment): JudgedEvent {
  if (event.owner === undefined || enrichment.processes === undefined) return withNames(event, enrichment);
  return event.kind === 'connection' ? new Enriched(event, enrichment) : enrichedContent(event, enrichment);
}

/** Without a process a name is all there is to look up, which costs less than putting it off. */
function withNames(event: JudgedEvent, { names }: Enrichment): JudgedEvent {
  const peerNames = names?.namesOf(event);
  return peerNames === undefined || peerNames.length === 0 ? event : { ...event, peerNames };
}

/** The same for a program that begins; the table must have observed the event. */
export function enrichedProcess(event: ProcessEvent, processes: ProcessTable): ProcessEvent {
  const { owner, timeMs } = event;
  let process: Process | undefined;
  return {
    ...event,
    get process() {
      process ??= processes.resolve(owner, timeMs);
      return process;
    },
    get workload() {
      return processes.workloadOf(owner, timeMs);
    },
  };
}

/** Looks each thing up once, when it is first asked for. */
class LookUp {
  readonly #event: JudgedEvent;
  readonly #enrichment: Enrichment;
  #process: Process | undefined;
  #workload: Workload | undefined;
  #workloadKnown = false;
  #names: readonly string[] | undefined;

  constructor(event: JudgedEvent, enrichment: Enrichment) {
    this.#event = event;
    this.#enrichment = enrichment;
  }

  get process(): Process | undefined {
    const { owner, timeMs, process } = this.#event;
    const { processes } = this.#enrichment;
    if (owner === undefined || processes === undefined) return process;
    this.#process ??= processes.resolve(owner, timeMs);
    return this.#process;
  }

  get workload(): Workload | undefined {
    const { owner, timeMs, workload } = this.#event;
    const { processes } = this.#enrichment;
    if (owner === undefined || processes === undefined) return workload;
    if (!this.#workloadKnown) this.#workload = processes.workloadOf(owner, timeMs);
    this.#workloadKnown = true;
    return this.#workload;
  }

  get names(): readonly string[] | undefined {
    this.#names ??= this.#enrichment.names?.namesOf(this.#event);
    return this.#names;
  }
}

function enrichedContent(event: ContentEvent, enrichment: Enrichment): ContentEvent {
  const lookUp = new LookUp(event, enrichment);
  return {
    ...event,
    get process() {
      return lookUp.process;
    },
    get workload() {
      return lookUp.workload;
    },
    get peerNames() {
      return lookUp.names;
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
  readonly owner: Owner | undefined;
  readonly attribution: ConnectionEvent['attribution'];
  readonly #raw: ConnectionEvent;
  readonly #lookUp: LookUp;

  constructor(raw: ConnectionEvent, enrichment: Enrichment) {
    this.phase = raw.phase;
    this.timeMs = raw.timeMs;
    this.transport = raw.transport;
    this.role = raw.role;
    this.local = raw.local;
    this.remote = raw.remote;
    this.socketId = raw.socketId;
    this.owner = raw.owner;
    this.attribution = raw.attribution;
    this.#raw = raw;
    this.#lookUp = new LookUp(raw, enrichment);
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

  get process(): Process | undefined {
    return this.#lookUp.process;
  }

  get workload(): Workload | undefined {
    return this.#lookUp.workload;
  }

  get peerNames(): readonly string[] | undefined {
    return this.#lookUp.names;
  }
}
