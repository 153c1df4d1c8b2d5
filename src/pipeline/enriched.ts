import type { ProcessTable } from '../enrich/process-table.ts';
import type { JudgedEvent } from '../model/detector.ts';
import type {
  ConnectionEvent,
  DnsEvent,
  GrpcEvent,
  HttpEvent,
  PacketEvent,
  ProcessEvent,
  TlsEvent,
} from '../model/event.ts';
import type { ClusterLookup, NameLookup } from '../model/lookup.ts';
import type { TopSender } from '../model/packets.ts';
import type { Owner, Process, ServiceRef, Workload } from '../model/process.ts';

/** What can be known of an event beyond what was captured. */
export interface Enrichment {
  /** Absent in a replay: a capture knows no processes. */
  readonly processes?: ProcessTable | undefined;
  /** Names for addresses. */
  readonly names?: NameLookup | undefined;
  /** Absent outside Kubernetes. */
  readonly cluster?: ClusterLookup | undefined;
}

/**
 * The event with its process, workload and names. They are looked up when somebody asks: most connections interest
 * nobody, and the look-up costs more than all detectors together. Ask while the event is being handled, not later.
 */
export function enriched(event: JudgedEvent, enrichment: Enrichment): JudgedEvent {
  if (event.owner === undefined || enrichment.processes === undefined) return withNames(event, enrichment);
  switch (event.kind) {
    case 'connection':
      return new EnrichedConnection(event, enrichment);
    case 'http':
      return new EnrichedHttp(event, enrichment);
    case 'grpc':
      return new EnrichedGrpc(event, enrichment);
    case 'dns':
      return new EnrichedDns(event, enrichment);
    default:
      return new EnrichedTls(event, enrichment);
  }
}

/** Without a process a name is all there is to look up, which costs less than putting it off. */
function withNames(event: JudgedEvent, { names, cluster }: Enrichment): JudgedEvent {
  const peerNames = names?.namesOf(event);
  const named = peerNames === undefined || peerNames.length === 0 ? event : { ...event, peerNames };
  if (cluster === undefined) return named;
  return { ...named, peerWorkload: peerOf(event, cluster), service: serviceOf(event, cluster) };
}

function peerOf({ remote }: JudgedEvent, cluster: ClusterLookup): Workload | undefined {
  return cluster.workloadAt(remote.ip, remote.port);
}

/** Of the end that listens, whichever that is. */
function serviceOf({ role, local, remote }: JudgedEvent, cluster: ClusterLookup): ServiceRef | undefined {
  const asked = role === 'server' ? local : remote;
  return cluster.serviceAt(asked.ip, asked.port);
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

/** The same for the processes that send much; they are looked up when somebody asks. */
export function enrichedPackets(event: PacketEvent, processes: ProcessTable): PacketEvent {
  if (event.kind !== 'packet_rate' || event.senders === undefined) return event;
  const { timeMs } = event;
  const known = (sender: TopSender): TopSender => ({
    ...sender,
    get process() {
      return processes.resolve(sender.owner, timeMs);
    },
    get workload() {
      return processes.workloadOf(sender.owner, timeMs);
    },
  });
  return { ...event, senders: event.senders.map(known) };
}

/** Every part of an event, also those that may be absent: none can be forgotten when one is added. */
type Whole<E> = { readonly [K in keyof Required<E>]: E[K] };

/** Looks each thing up once, when it is first asked for. */
abstract class Enriched<E extends JudgedEvent> {
  readonly timeMs: number;
  readonly transport: E['transport'];
  readonly role: E['role'];
  readonly local: E['local'];
  readonly remote: E['remote'];
  readonly socketId: number;
  readonly owner: Owner | undefined;
  readonly attribution: E['attribution'];
  readonly #raw: E;
  readonly #enrichment: Enrichment;
  #process: Process | undefined;
  #workload: Workload | undefined;
  #workloadKnown = false;
  #names: readonly string[] | undefined;

  constructor(raw: E, enrichment: Enrichment) {
    this.timeMs = raw.timeMs;
    this.transport = raw.transport;
    this.role = raw.role;
    this.local = raw.local;
    this.remote = raw.remote;
    this.socketId = raw.socketId;
    this.owner = raw.owner;
    this.attribution = raw.attribution;
    this.#raw = raw;
    this.#enrichment = enrichment;
  }

  get process(): Process | undefined {
    const { owner, timeMs, process } = this.#raw;
    const { processes } = this.#enrichment;
    if (owner === undefined || processes === undefined) return process;
    this.#process ??= processes.resolve(owner, timeMs);
    return this.#process;
  }

  get workload(): Workload | undefined {
    const { owner, timeMs, workload } = this.#raw;
    const { processes } = this.#enrichment;
    if (owner === undefined || processes === undefined) return workload;
    if (!this.#workloadKnown) this.#workload = processes.workloadOf(owner, timeMs);
    this.#workloadKnown = true;
    return this.#workload;
  }

  get peerNames(): readonly string[] | undefined {
    this.#names ??= this.#enrichment.names?.namesOf(this.#raw);
    return this.#names;
  }

  /** Two or three look-ups in maps: not worth remembering. */
  get peerWorkload(): Workload | undefined {
    const { cluster } = this.#enrichment;
    return cluster && peerOf(this.#raw, cluster);
  }

  get service(): ServiceRef | undefined {
    const { cluster } = this.#enrichment;
    return cluster && serviceOf(this.#raw, cluster);
  }
}

class EnrichedHttp extends Enriched<HttpEvent> implements Whole<HttpEvent> {
  readonly kind = 'http';
  readonly endMs: number;
  readonly http: HttpEvent['http'];

  constructor(raw: HttpEvent, enrichment: Enrichment) {
    super(raw, enrichment);
    this.endMs = raw.endMs ?? raw.timeMs;
    this.http = raw.http;
  }
}

class EnrichedGrpc extends Enriched<GrpcEvent> implements Whole<GrpcEvent> {
  readonly kind = 'grpc';
  readonly endMs: number;
  readonly grpc: GrpcEvent['grpc'];

  constructor(raw: GrpcEvent, enrichment: Enrichment) {
    super(raw, enrichment);
    this.endMs = raw.endMs ?? raw.timeMs;
    this.grpc = raw.grpc;
  }
}

class EnrichedDns extends Enriched<DnsEvent> implements Whole<DnsEvent> {
  readonly kind = 'dns';
  readonly dns: DnsEvent['dns'];

  constructor(raw: DnsEvent, enrichment: Enrichment) {
    super(raw, enrichment);
    this.dns = raw.dns;
  }
}

class EnrichedTls extends Enriched<TlsEvent> implements Whole<TlsEvent> {
  readonly kind = 'tls';
  readonly tls: TlsEvent['tls'];

  constructor(raw: TlsEvent, enrichment: Enrichment) {
    super(raw, enrichment);
    this.tls = raw.tls;
  }
}

class EnrichedConnection extends Enriched<ConnectionEvent> implements Whole<ConnectionEvent> {
  readonly kind = 'connection';
  readonly phase: ConnectionEvent['phase'];
  readonly reason: ConnectionEvent['reason'];
  readonly errno: number | undefined;
  readonly handshakeRttUs: number | undefined;
  readonly stats: ConnectionEvent['stats'];
  readonly spoken: ConnectionEvent['spoken'];
  readonly isUnrecognised: ConnectionEvent['isUnrecognised'];
  readonly isListed: boolean | undefined;

  constructor(raw: ConnectionEvent, enrichment: Enrichment) {
    super(raw, enrichment);
    this.phase = raw.phase;
    this.reason = raw.reason;
    this.errno = raw.errno;
    this.handshakeRttUs = raw.handshakeRttUs;
    this.stats = raw.stats;
    this.spoken = raw.spoken;
    this.isUnrecognised = raw.isUnrecognised;
    this.isListed = raw.isListed;
  }
}
