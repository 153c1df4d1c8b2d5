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
import type { LiveCapture, LiveCaptureOptions } from './capture-options.ts';
import { type ObservedCgroup, openCgroup } from './cgroup.ts';
import { type RecordCounters, readCounters } from './counters.ts';
import { EpochOffset } from './epoch-offset.ts';
import { type HookStatus, Hooks } from './hooks.ts';
import { KernelLists } from './lists/kernel-lists.ts';
import { type FlowCounters, type LiveFlows, openLiveFlows } from './live-flows.ts';
import { type LoadedObject, reasonOf } from './load-object.ts';
import { loadContent, loadCore, loadExtra } from './objects.ts';
import {
  FLOW_FEATURE,
  type ObjectName,
  PROCESS_FEATURES,
  SEED_FEATURE,
  SOCKET_FEATURES,
  type Wants,
} from './plan.ts';
import { seedProcessTable } from './seed.ts';
import type { StreamCounters } from './stream-counters.ts';
import { LiveStreams } from './streams.ts';
import { createTables, type TableFill } from './tables.ts';
import { UdpFlows } from './udp-flows.ts';

export type { LiveCapture, LiveCaptureOptions } from './capture-options.ts';
export type { HookStatus } from './hooks.ts';

/** What is in them waits for JavaScript: more would only make alerts late. */
const SLABS = 8;
const SLAB_BYTES = 64 * 1024;
/** Three quarters of tg_udp_flows: the oldest is told with its counters before the kernel forgets one without. */
const UDP_FLOW_CAPACITY = 24_576;
const SWEEP_MS = 10_000;
const BEGINNINGS: readonly ConnectionPhase[] = ['attempted', 'accepted'];

/** Loads, attaches and starts delivering. TELEGEN_HOST or TELEGEN_KERNEL when a required hook is not to be had. */
export function openLiveCapture(options: LiveCaptureOptions): LiveCapture {
  const addon = options.addon ?? loadAddon();
  const cgroup = openCgroup(options.cgroupPath);
  const objects = new Map<ObjectName, LoadedObject>();
  try {
    const { ringBufferSize: ringBytes, phases = CONNECTION_PHASES } = options;
    const { kinds: content = [], bodyBytes = 0 } = options.content ?? {};
    const wants: Wants = { phases, content, bodyBytes, flowSampleRate: options.flows?.sampleRate ?? 0 };
    const settings = { cgroup, ringBytes, wants, lists: options.lists?.capacity };
    objects.set('core', loadCore(addon, settings));
    const { object: core } = objects.get('core') as LoadedObject;
    const missing = new Map<ObjectName, string>();
    const keep = (name: ObjectName, loaded: LoadedObject | string): void => {
      if (typeof loaded === 'string') missing.set(name, loaded);
      else objects.set(name, loaded);
    };
    keep('extra', options.extra === false ? 'switched off' : loadExtra(addon, core, settings));
    if (wants.content.length > 0) keep('content', loadContent(addon, core, settings));
    return new Running({ addon, cgroup, objects, missing, wants, options });
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
  /** Why an object could not be used as a whole. */
  readonly missing: ReadonlyMap<ObjectName, string>;
  readonly wants: Wants;
  readonly options: LiveCaptureOptions;
}

class Running implements LiveCapture {
  readonly #parts: Parts;
  readonly #epoch: EpochOffset;
  readonly #core: BpfObject;
  readonly #hooks: Hooks;
  readonly #streams: LiveStreams | undefined;
  readonly #slabs: RecordView[];
  /** Those of this turn of the event loop. */
  readonly #handled: number[] = [];
  readonly #reader: RingReader;
  readonly #udp: UdpFlows;
  readonly #flows: LiveFlows | undefined;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #stopped: Promise<void>;
  readonly #wantsClosed: boolean;
  readonly #tables: () => readonly TableFill[];
  readonly lists: KernelLists | undefined;
  #received = 0;
  #malformed = 0;
  #listed = 0;
  #stopping: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#epoch = new EpochOffset(() => parts.addon.epochOffsetMs());
    this.#core = (parts.objects.get('core') as LoadedObject).object;
    const { wants, options } = parts;
    this.#wantsClosed = wants.phases.includes('closed');
    this.#hooks = new Hooks(parts);
    if (options.content !== undefined && wants.content.length > 0)
      this.#streams = new LiveStreams(options.content.reader);
    if (options.lists !== undefined) {
      this.lists = new KernelLists(this.#core, options.lists.capacity);
      options.lists.fill(this.lists);
    }
    this.#udp = new UdpFlows(this.#core, UDP_FLOW_CAPACITY, (event) => this.#deliver(event));
    this.#tables = createTables(this.#core, { udp: this.#udp, streams: this.#streams });
    const buffers = Array.from({ length: SLABS }, () => new ArrayBuffer(SLAB_BYTES));
    this.#slabs = buffers.map(viewOf);
    const rings = wants.content.length > 0 ? ['tg_events', 'tg_payloads'] : 'tg_events';
    for (const feature of PROCESS_FEATURES) this.#hooks.serve(feature);
    seedProcessTable(this.#core, options.seedProcesses?.() ?? []);
    this.#hooks.serve(SEED_FEATURE);
    for (const feature of SOCKET_FEATURES) this.#hooks.serve(feature);
    // Last, so that nothing is left open when something above throws.
    this.#reader = new parts.addon.RingReader(this.#core, rings, options.ringBufferSize, buffers);
    this.#stopped = new Promise((resolve) => {
      this.#reader.start((slab, bytes) => this.#batch(slab, bytes), resolve);
    });
    this.#hooks.serve(FLOW_FEATURE);
    const { onFlow } = options.flows ?? {};
    if (onFlow !== undefined && this.#hooks.isServed(FLOW_FEATURE))
      this.#flows = openLiveFlows(parts.objects, (flow) => this.#guarded(() => onFlow(flow)));
    const sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
    const sampler = setInterval(() => this.#flows?.begin(), options.flows?.everyMs ?? SWEEP_MS).unref();
    this.#timers = [sweeper, sampler];
    // At once, so that what older connections counted before is not taken for ours.
    this.#flows?.begin();
  }

  get cgroup(): string {
    return this.#parts.cgroup.path;
  }

  cgroupTrouble(): string | undefined {
    return this.#parts.cgroup.trouble();
  }

  get isWholeHost(): boolean {
    return this.#parts.cgroup.isRoot;
  }

  get hooks(): readonly HookStatus[] {
    return this.#hooks.statuses;
  }

  get core(): BpfObject {
    return this.#core;
  }

  counters(): RecordCounters {
    return readCounters(this.#core);
  }

  streams(): Readonly<StreamCounters> | undefined {
    return this.#streams?.counters;
  }

  flows(): FlowCounters | undefined {
    return this.#flows?.counters;
  }

  tables(): readonly TableFill[] {
    return this.#tables();
  }

  listed(): number {
    return this.#listed;
  }

  received(): number {
    return this.#received;
  }

  malformed(): number {
    return this.#malformed;
  }

  pending(): number {
    return this.#reader.pending();
  }

  stop(beforeClose?: () => void): Promise<void> {
    this.#stopping ??= this.#stop(beforeClose);
    return this.#stopping;
  }

  #batch(slab: number, bytes: number): void {
    try {
      this.#decode(slab, bytes);
    } finally {
      this.#releaseLater(slab);
    }
  }

  /**
   * A slab that was released at once would be filled at once: under overload, batches would follow each other for seconds
   * before the event loop came to timers and sockets. So at most all slabs are handled in one turn of it.
   */
  #releaseLater(slab: number): void {
    if (this.#handled.length === 0)
      setImmediate(() => {
        for (const each of this.#handled.splice(0)) this.#reader.release(each);
      });
    this.#handled.push(slab);
  }

  #decode(slab: number, bytes: number): void {
    this.#received += decodeBatch(this.#slabs[slab] as RecordView, bytes, this.#epoch.offsetMs(), {
      onRecord: (record) => this.#record(record),
      onPayload: (payload) => this.#guarded(() => this.#streams?.payload(payload)),
      onMalformed: (kind, size) => {
        this.#malformed += 1;
        this.#parts.options.onWarning(
          `malformed record from the kernel (kind ${kind}, ${size} bytes): rest of batch skipped`,
        );
      },
    });
  }

  #record(record: DecodedRecord): void {
    if (record.kind === 'stream-closed') {
      this.#guarded(() => this.#streams?.closed(record));
      return;
    }
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
    if (record.kind === 'connection' && record.isListed === true && BEGINNINGS.includes(record.phase))
      this.#listed += 1;
    this.#deliver(record);
  }

  #deliver(event: ConnectionEvent | ProcessEvent): void {
    this.#guarded(() => this.#parts.options.onEvent(event));
  }

  /** A consumer that throws is a bug of its own: it surfaces as an uncaught exception and costs no record. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #sweep(): void {
    this.#udp.sweep(this.#parts.addon.monotonicNs(), Date.now());
    this.#streams?.sweep(Date.now());
  }

  async #stop(beforeClose: (() => void) | undefined): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#flows?.stop();
    for (const { object } of this.#parts.objects.values()) object.detach();
    this.#reader.stop();
    await this.#stopped;
    for (let bytes = this.#reader.drain(); bytes > 0; bytes = this.#reader.drain()) this.#decode(0, bytes);
    this.#guarded(() => this.#streams?.end(Date.now()));
    try {
      beforeClose?.();
    } finally {
      this.#reader.close();
      for (const { object } of [...this.#parts.objects.values()].reverse()) object.close();
      this.#parts.cgroup.close();
    }
  }
}
