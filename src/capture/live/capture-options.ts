import type { ConnectionEvent, ConnectionPhase, ProcessEvent } from '../../model/event.ts';
import type { LiveFlow } from '../../model/flow.ts';
import type { Addon, BpfObject } from '../addon.ts';
import type { RecordCounters } from './counters.ts';
import type { HookStatus } from './hooks.ts';
import type { KernelLists, ListCapacity } from './lists/kernel-lists.ts';
import type { FlowCounters } from './live-flows.ts';
import type { ContentKind } from './plan.ts';
import type { SeedProcess } from './seed.ts';
import type { StreamCounters } from './stream-counters.ts';
import type { ContentReader } from './streams.ts';
import type { TableFill } from './tables.ts';

export interface LiveCaptureOptions {
  /** Directory of the cgroup v2 to observe; the root of the hierarchy when absent. */
  readonly cgroupPath?: string;
  /** Bytes; a power of two of at least one page. */
  readonly ringBufferSize: number;
  /** Whether to try the optional object that needs BTF (default: yes). */
  readonly extra?: boolean;
  /** Phases of connections to report (default: all). What nobody wants is not even recorded in the kernel. */
  readonly phases?: readonly ConnectionPhase[];
  /** What to look for in conversations, and who reads it (default: nothing). */
  readonly content?: {
    readonly kinds: readonly ContentKind[];
    /** Of each HTTP body, from its beginning (default: none). */
    readonly bodyBytes?: number;
    readonly reader: ContentReader;
  };
  /** Counters of open TCP connections, of 1 in `sampleRate`, again and again (default: none). */
  readonly flows?: {
    readonly sampleRate: number;
    readonly everyMs: number;
    readonly onFlow: (flow: LiveFlow) => void;
  };
  /** Addresses that lists name, which the kernel side then marks (default: none). */
  readonly lists?: {
    readonly capacity: ListCapacity;
    /** Called before any hook is attached. */
    readonly fill: (lists: KernelLists) => void;
  };
  readonly addon?: Addon;
  /** Called once the process hooks are in place and before any socket hook is. */
  readonly seedProcesses?: () => readonly SeedProcess[];
  /** Should not throw: an error becomes an uncaught exception, and delivery goes on. */
  readonly onEvent: (event: ConnectionEvent | ProcessEvent) => void;
  /** Something that the operator should know and that stops nothing. */
  readonly onWarning: (message: string) => void;
}

export interface LiveCapture {
  readonly cgroup: string;
  /** Why nothing in the cgroup can be seen any more, and what to do; undefined while all is well. */
  cgroupTrouble(): string | undefined;
  readonly isWholeHost: boolean;
  readonly hooks: readonly HookStatus[];
  /** For packet programs, which share the state of sockets. */
  readonly core: BpfObject;
  /** What the kernel side knows of lists; undefined when it was given no room for any. */
  readonly lists: KernelLists | undefined;
  /** Connections that began with a peer that the kernel side found on a list. */
  listed(): number;
  counters(): RecordCounters;
  /** What became of the payload; undefined when no content is wanted. */
  streams(): Readonly<StreamCounters> | undefined;
  /** What reading the counters of open connections came to; undefined when nobody wants them or they are not to be had. */
  flows(): FlowCounters | undefined;
  /** How full the tables are that outside data fills. */
  tables(): readonly TableFill[];
  /** Records decoded so far. */
  received(): number;
  /** Records that could not be decoded. */
  malformed(): number;
  /** Bytes waiting in the ring. */
  pending(): number;
  /** Detaches, delivers everything still in the ring, and closes; `beforeClose` may still read the counters. */
  stop(beforeClose?: () => void): Promise<void>;
}
