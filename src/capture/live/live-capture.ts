import { TelegenError } from '../../model/errors.ts';
import {
  CONNECTION_PHASES,
  type ConnectionEvent,
  type ConnectionPhase,
  type ProcessEvent,
} from '../../model/event.ts';
import { type Addon, type BpfObject, isKernelError, loadAddon, type RingReader } from '../addon.ts';
import { type DecodedRecord, decodeBatch } from '../decode.ts';
import { type RecordView, viewOf } from '../record-view.ts';
import { type ObservedCgroup, openCgroup } from './cgroup.ts';
import { type RecordCounters, readCounters } from './counters.ts';
import { type LoadedObject, reasonOf } from './load-object.ts';
import { loadCore, loadExtra } from './objects.ts';
import {
  type Candidate,
  type Feature,
  type ObjectName,
  PROCESS_FEATURES,
  SEED_FEATURE,
  SOCKET_FEATURES,
} from './plan.ts';
import { type SeedProcess, seedProcessTable } from './seed.ts';
import { UdpFlows } from './udp-flows.ts';

const SLABS = 16;
const SLAB_BYTES = 64 * 1024;
const UDP_FLOW_CAPACITY = 65_536;
const UDP_SWEEP_MS = 10_000;
const NS_PER_MS = 1e6;

export interface LiveCaptureOptions {
  /** Directory of the cgroup v2 to observe; the root of the hierarchy when absent. */
  readonly cgroupPath?: string;
  /** Bytes; a power of two of at least one page. */
  readonly ringBufferSize: number;
  /** Whether to try the optional object that needs BTF (default: yes). */
  readonly extra?: boolean;
  /** Phases of connections to report (default: all). What nobody wants is not even recorded in the kernel. */
  readonly phases?: readonly ConnectionPhase[];
  readonly addon?: Addon;
  /** Called once the process hooks are in place and before any socket hook is. */
  readonly seedProcesses?: () => readonly SeedProcess[];
  /** Should not throw: an error becomes an uncaught exception, and delivery goes on. */
  readonly onEvent: (event: ConnectionEvent | ProcessEvent) => void;
  /** Something that the operator should know and that stops nothing. */
  readonly onWarning: (message: string) => void;
}

/** How a feature is served. `fallback`: by a lesser program than the best; `reason`: why not by a better one. */
export interface HookStatus {
  readonly feature: Feature;
  readonly state: 'ok' | 'fallback' | 'missing';
  readonly candidate?: Candidate;
  readonly reason?: string;
}

export interface LiveCapture {
  readonly cgroup: string;
  readonly isWholeHost: boolean;
  readonly hooks: readonly HookStatus[];
  counters(): RecordCounters;
  /** Records decoded so far. */
  received(): number;
  /** Bytes waiting in the ring. */
  pending(): number;
  /** Detaches, delivers everything still in the ring, and closes; `beforeClose` may still read the counters. */
  stop(beforeClose?: () => void): Promise<void>;
}

/** Loads, attaches and starts delivering. TELEGEN_HOST or TELEGEN_KERNEL when a required hook is not to be had. */
export function openLiveCapture(options: LiveCaptureOptions): LiveCapture {
  const addon = options.addon ?? loadAddon();
  const cgroup = openCgroup(options.cgroupPath);
  const objects = new Map<ObjectName, LoadedObject>();
  try {
    const { ringBufferSize: ringBytes, phases = CONNECTION_PHASES } = options;
    const settings = { cgroup, ringBytes, phases };
    objects.set('core', loadCore(addon, settings));
    const { object: core } = objects.get('core') as LoadedObject;
    const extra = options.extra === false ? undefined : loadExtra(addon, core, settings);
    if (typeof extra === 'object') objects.set('extra', extra);
    const missingExtra = typeof extra === 'string' ? extra : 'switched off';
    return new Running({ addon, cgroup, objects, missingExtra, options });
  } catch (error) {
    for (const { object } of [...objects.values()].reverse()) object.close();
    cgroup.close();
    throw isKernelError(error) ? hostError(error) : error;
  }
}

function hostError(error: Error): TelegenError {
  const cure =
    'run as root or grant CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; "telegen doctor" tells what this host lacks';
  return new TelegenError('TELEGEN_HOST', `the kernel refused: ${reasonOf(error)}; ${cure}`, {
    cause: error,
  });
}

interface Parts {
  readonly addon: Addon;
  readonly cgroup: ObservedCgroup;
  readonly objects: ReadonlyMap<ObjectName, LoadedObject>;
  readonly missingExtra: string;
  readonly options: LiveCaptureOptions;
}

class Running implements LiveCapture {
  readonly #parts: Parts;
  readonly #core: BpfObject;
  readonly #hooks: HookStatus[] = [];
  readonly #slabs: RecordView[];
  readonly #reader: RingReader;
  readonly #udp: UdpFlows;
  readonly #sweeper: NodeJS.Timeout;
  readonly #stopped: Promise<void>;
  readonly #wantsClosed: boolean;
  #received = 0;
  #stopping: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#core = (parts.objects.get('core') as LoadedObject).object;
    const wanted: readonly ConnectionPhase[] = parts.options.phases ?? CONNECTION_PHASES;
    this.#wantsClosed = wanted.includes('closed');
    this.#udp = new UdpFlows(this.#core, UDP_FLOW_CAPACITY, (event) => this.#deliver(event));
    const buffers = Array.from({ length: SLABS }, () => new ArrayBuffer(SLAB_BYTES));
    this.#slabs = buffers.map(viewOf);
    this.#reader = new parts.addon.RingReader(this.#core, 'tg_events', parts.options.ringBufferSize, buffers);
    for (const feature of PROCESS_FEATURES) this.#serve(feature);
    seedProcessTable(this.#core, parts.options.seedProcesses?.() ?? []);
    this.#serve(SEED_FEATURE);
    const isOfUse = ({ phases }: Feature): boolean =>
      phases === undefined || phases.some((phase) => wanted.includes(phase));
    for (const feature of SOCKET_FEATURES.filter(isOfUse)) this.#serve(feature);
    this.#stopped = new Promise((resolve) => {
      this.#reader.start((slab, bytes) => this.#batch(slab, bytes), resolve);
    });
    this.#sweeper = setInterval(() => this.#sweep(), UDP_SWEEP_MS);
    this.#sweeper.unref();
  }

  get cgroup(): string {
    return this.#parts.cgroup.path;
  }

  get isWholeHost(): boolean {
    return this.#parts.cgroup.isRoot;
  }

  get hooks(): readonly HookStatus[] {
    return this.#hooks;
  }

  counters(): RecordCounters {
    return readCounters(this.#core);
  }

  received(): number {
    return this.#received;
  }

  pending(): number {
    return this.#reader.pending();
  }

  stop(beforeClose?: () => void): Promise<void> {
    this.#stopping ??= this.#stop(beforeClose);
    return this.#stopping;
  }

  /** Attaches the best candidate that works; throws when a required feature has none. */
  #serve(feature: Feature): void {
    const reasons: string[] = [];
    for (const candidate of feature.candidates) {
      const reason = this.#tryCandidate(candidate);
      if (reason === undefined) {
        const state = reasons.length > 0 ? 'fallback' : 'ok';
        this.#hooks.push({
          feature,
          state,
          candidate,
          ...(state === 'ok' ? {} : { reason: reasons.join('; ') }),
        });
        return;
      }
      reasons.push(`${candidate.object}/${candidate.program}: ${reason}`);
    }
    if (feature.required) {
      throw new TelegenError(
        'TELEGEN_KERNEL',
        `${feature.name} (${feature.purpose}) cannot be attached: ${reasons.join('; ')}`,
      );
    }
    this.#hooks.push({ feature, state: 'missing', reason: reasons.join('; ') });
  }

  /** Returns why it could not be attached, or undefined when it is. */
  #tryCandidate(candidate: Candidate): string | undefined {
    const loaded = this.#parts.objects.get(candidate.object);
    if (loaded === undefined) return this.#parts.missingExtra;
    const refused = loaded.refused.get(candidate.program);
    if (refused !== undefined) return refused;
    try {
      if (candidate.attach === 'cgroup') loaded.object.attachCgroup(candidate.program, this.#parts.cgroup.fd);
      else if (candidate.attach === 'iterator') loaded.object.runIterator(candidate.program);
      else loaded.object.attach(candidate.program);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** Measured anew for each batch, so that a stepped wall clock is followed. */
  #epochOffsetMs(): number {
    return Date.now() - this.#parts.addon.monotonicNs() / NS_PER_MS;
  }

  #batch(slab: number, bytes: number): void {
    try {
      this.#decode(slab, bytes);
    } finally {
      this.#reader.release(slab);
    }
  }

  #decode(slab: number, bytes: number): void {
    this.#received += decodeBatch(this.#slabs[slab] as RecordView, bytes, this.#epochOffsetMs(), {
      onRecord: (record) => this.#record(record),
      onMalformed: (kind, size) => {
        this.#parts.options.onWarning(
          `malformed record from the kernel (kind ${kind}, ${size} bytes): rest of batch skipped`,
        );
      },
    });
  }

  #record(record: DecodedRecord): void {
    if (record.kind === 'udp-socket-closed') {
      this.#udp.socketClosed(record.socketId, record.timeMs);
      return;
    }
    if (
      record.kind === 'connection' &&
      record.transport === 'udp' &&
      record.phase !== 'failed' &&
      this.#wantsClosed
    )
      this.#udp.opened(record);
    this.#deliver(record);
  }

  /** A consumer that throws is a bug of its own: it surfaces as an uncaught exception and costs no record. */
  #deliver(event: ConnectionEvent | ProcessEvent): void {
    try {
      this.#parts.options.onEvent(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #sweep(): void {
    this.#udp.sweep(this.#parts.addon.monotonicNs(), Date.now());
  }

  async #stop(beforeClose: (() => void) | undefined): Promise<void> {
    clearInterval(this.#sweeper);
    for (const { object } of this.#parts.objects.values()) object.detach();
    this.#reader.stop();
    await this.#stopped;
    for (let bytes = this.#reader.drain(); bytes > 0; bytes = this.#reader.drain()) this.#decode(0, bytes);
    try {
      beforeClose?.();
    } finally {
      for (const { object } of [...this.#parts.objects.values()].reverse()) object.close();
      this.#parts.cgroup.close();
    }
  }
}
