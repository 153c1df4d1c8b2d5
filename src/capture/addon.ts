import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { TelegenError } from '../model/errors.ts';

/** A failure that the kernel or libbpf reported. `log` holds the verifier's words, if any. */
export interface KernelError extends Error {
  readonly op: string;
  readonly errno: number;
  readonly code: string;
  readonly log: string;
}

/** How a packet program is attached to an interface. */
export type InterfaceWay = 'xdp-native' | 'xdp-generic' | 'tc-ingress' | 'tc-egress';

/** A network interface of this process's network namespace. */
export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** ARPHRD_* of linux/if_arp.h: 1 for Ethernet, 772 for loopback; -1 when unknown. */
  readonly type: number;
  readonly up: boolean;
  readonly driver: string;
  /** Where the hardware is; empty (or the driver's own words) for virtual interfaces. */
  readonly bus: string;
}

/** One BPF object file. All methods throw KernelError; close() detaches everything and may be repeated. */
export interface BpfObject {
  programs(): { name: string; section: string }[];
  setAutoload(program: string, load: boolean): void;
  setConstant(name: string, value: Uint8Array): void;
  resizeMap(map: string, entries: number): void;
  reuseMap(map: string, from: BpfObject): void;
  load(): void;
  attach(program: string): void;
  attachCgroup(program: string, cgroupFd: number): void;
  /** Attaches a packet program; returns a handle. The link also ends with the interface. */
  attachInterface(program: string, ifindex: number, way: InterfaceWay): number;
  detachInterface(handle: number): boolean;
  /** Runs a packet program on a frame, `repeat` times, without any interface; `ns` is the mean of a run. */
  testRun(program: string, frame: Uint8Array, repeat: number): { result: number; ns: number };
  runIterator(program: string): void;
  /**
   * Runs an iterator program over further of what it iterates (`map`, where that is a map), until it has written `most` bytes (at
   * most 32,768) or asked for a pause. Returns how many it wrote; 0: the round is over, and the next call begins another.
   */
  iterate(program: string, most: number, map?: string): number;
  /** The values of an array map, one after the other, in memory shared with the kernel side. */
  mapMemory(map: string): ArrayBuffer;
  mapLookup(map: string, key: Uint8Array): Buffer | undefined;
  mapUpdate(map: string, key: Uint8Array, value: Uint8Array, flags: number): void;
  mapDelete(map: string, key: Uint8Array): boolean;
  mapLookupBatch(map: string, keys: Uint8Array, values: Uint8Array): number;
  mapUpdateBatch(map: string, keys: Uint8Array, values: Uint8Array, flags: number): number;
  /** Deletes all these keys; returns how many there were. */
  mapDeleteBatch(map: string, keys: Uint8Array): number;
  /** Stops all programs; the maps stay readable. */
  detach(): void;
  close(): void;
}

/** Drains a ring buffer on a thread of its own into the given slabs. */
export interface RingReader {
  start(onBatch: (slab: number, bytes: number) => void, onStopped: () => void): void;
  stop(): void;
  release(slab: number): void;
  /** After onStopped: copies what is left, a slab at a time, into slab 0; returns bytes. */
  drain(): number;
  pending(): number;
  /** Stops, and gives the rings back at once; nothing can be read any more. */
  close(): void;
  oversized(): number;
}

export interface Addon {
  readonly BpfObject: new (path: string) => BpfObject;
  readonly RingReader: new (
    object: BpfObject,
    /** The first one's records come before those of the others that were made after them. */
    maps: string | readonly string[],
    /** Of each. */
    ringBytes: number,
    slabs: ArrayBuffer[],
  ) => RingReader;
  layout(): Record<string, { size: number; fields: Record<string, number> }>;
  networkInterfaces(): NetworkInterface[];
  /** CPUs that this kernel may have: the values of an entry of a per-CPU map. */
  possibleCpus(): number;
  monotonicNs(): number;
  /** What to add to that clock (in ms, with a fraction) for epoch time; right to a microsecond, follows a stepped clock. */
  epochOffsetMs(): number;
  /** Takes an exclusive lock on an open file without waiting; false when somebody else has it. */
  lockFile(fd: number): boolean;
  /** Gives memory that was freed and that malloc keeps back to the system; false when there is none. */
  trimMemory(): boolean;
  /**
   * Becomes the user (name or number) with its groups, on all threads; only the calling one keeps its capabilities. Throws
   * KernelError.
   */
  switchUser(user: string): { uid: number; gid: number };
  /**
   * Takes all other capabilities (numbers of linux/capability.h) from every thread, for good; the process can no longer be dumped
   * or traced by its own user. Returns the number of threads. Throws KernelError.
   */
  limitCapabilities(keep: readonly number[]): number;
}

/** Where `make build` leaves the addon and the BPF objects. */
export const BUILD_DIR = fileURLToPath(new URL('../../build', import.meta.url));

/**
 * Loading a shared object whose end is missing kills the process (SIGBUS). The section headers are its last part, so a
 * file that ends before they do is cut off. Offsets are those of elf(5), 64 bit.
 */
function assertWhole(file: string): void {
  const fd = openSync(file, 'r');
  try {
    const header = Buffer.alloc(64);
    const { size } = fstatSync(fd);
    if (readSync(fd, header, 0, 64, 0) < 64 || header.toString('latin1', 0, 4) !== '\u007fELF') return;
    const end = header.readBigUInt64LE(40) + BigInt(header.readUInt16LE(58) * header.readUInt16LE(60));
    if (BigInt(size) < end) throw new Error(`the file is cut off (${size} of ${end} bytes)`);
  } finally {
    closeSync(fd);
  }
}

/** Loads the addon; TELEGEN_ADDON when it is missing or does not fit this machine. */
export function loadAddon(file = `${BUILD_DIR}/native/telegen.node`): Addon {
  try {
    assertWhole(file);
    return createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    const detail = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new TelegenError(
      'TELEGEN_ADDON',
      `cannot load the native addon ${file}: ${detail}; run "make build"`,
      {
        cause: error,
      },
    );
  }
}

export function isKernelError(error: unknown): error is KernelError {
  return error instanceof Error && 'errno' in error && 'op' in error;
}
