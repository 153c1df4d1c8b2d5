import type { Role } from '../model/conversation.ts';
import type { Endpoint, IpAddress } from '../model/ip-address.ts';
import type { Attribution, Owner } from '../model/process.ts';
import { SERVICE_PROTOCOLS, type ServiceProtocol } from '../model/service-protocol.ts';
import {
  AT_OWNER_CGROUP_ID,
  AT_OWNER_COMM,
  AT_OWNER_EXEC_ID,
  AT_OWNER_PARENT_PID,
  AT_OWNER_PID,
  AT_OWNER_START_NS,
  AT_OWNER_TID,
  AT_OWNER_UID,
  AT_TUPLE_FAMILY,
  AT_TUPLE_LOCAL_IP,
  AT_TUPLE_LOCAL_PORT,
  AT_TUPLE_REMOTE_IP,
  AT_TUPLE_REMOTE_PORT,
  AT_TUPLE_ROLE,
  SIZE_OWNER,
  SPOKEN as TG_SPOKEN,
} from './layout.gen.ts';

export const IPPROTO_UDP = 17;
/** By value of `enum tg_role` and `enum tg_attribution`. */
const ROLES: readonly Role[] = ['unknown', 'client', 'server'];
export const ATTRIBUTIONS: readonly Attribution[] = [
  'unknown',
  'socket',
  'worker',
  'listener',
  'preexisting',
];
/** By value of `enum tg_spoken`: the names that it has there. */
export const SPOKEN: readonly (ServiceProtocol | undefined)[] = [
  undefined,
  ...SERVICE_PROTOCOLS.toSorted((a, b) => spokenValue(a) - spokenValue(b)),
];
export const UNRECOGNISED = TG_SPOKEN.OTHER;
const COMM_BYTES = 16;
const COMM_CACHE_SLOTS = 512;

function spokenValue(protocol: ServiceProtocol): number {
  return TG_SPOKEN[protocol.toUpperCase() as keyof typeof TG_SPOKEN];
}

/** Typed views over one slab; all byte offsets given to the readers are multiples of the field's size. */
export interface RecordView {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
}

export function viewOf(buffer: ArrayBuffer): RecordView {
  return { u8: new Uint8Array(buffer), u16: new Uint16Array(buffer), u32: new Uint32Array(buffer) };
}

/**
 * A u64 as a number: exact to 2^53 (104 days of nanoseconds), then to a few units. A small one comes without arithmetic, which would give
 * it an object of its own in V8: ids of sockets are kept in great numbers.
 */
export function u64(view: RecordView, at: number): number {
  const index = at >>> 2;
  const low = view.u32[index] as number;
  const high = view.u32[index + 1] as number;
  return high === 0 ? low : high * 0x1_0000_0000 + low;
}

const IP_CACHE_SLOTS = 2048;
const ipCache: (IpAddress | undefined)[] = Array.from({ length: IP_CACHE_SLOTS });

/** Addresses repeat, from record to record and from event to event: most are given out again, not made anew. */
export function readIp(view: RecordView, at: number, family: number): IpAddress {
  const index = at >>> 2;
  const w0 = view.u32[index] as number;
  const w1 = view.u32[index + 1] as number;
  const w2 = view.u32[index + 2] as number;
  const w3 = view.u32[index + 3] as number;
  const kind = family === 4 ? 4 : 6;
  const mixed = Math.imul(w3 ^ Math.imul(w2, 31) ^ Math.imul(w1, 17) ^ w0 ^ kind, 0x9e3779b1);
  const slot = (mixed >>> 16) % IP_CACHE_SLOTS;
  const cached = ipCache[slot];
  if (cached !== undefined && cached.w3 === w3 && cached.w2 === w2 && cached.w1 === w1 && cached.w0 === w0)
    if (cached.family === kind) return cached;
  const ip: IpAddress = { family: kind, w0, w1, w2, w3 };
  ipCache[slot] = ip;
  return ip;
}

/** The local end in the `tg_tuple` at byte `tuple`. */
export function readLocal(view: RecordView, tuple: number): Endpoint {
  const family = view.u8[tuple + AT_TUPLE_FAMILY] as number;
  const port = view.u16[(tuple + AT_TUPLE_LOCAL_PORT) >>> 1] as number;
  return { ip: readIp(view, tuple + AT_TUPLE_LOCAL_IP, family), port };
}

export function readRemote(view: RecordView, tuple: number): Endpoint {
  const family = view.u8[tuple + AT_TUPLE_FAMILY] as number;
  const port = view.u16[(tuple + AT_TUPLE_REMOTE_PORT) >>> 1] as number;
  return { ip: readIp(view, tuple + AT_TUPLE_REMOTE_IP, family), port };
}

export function readRole(view: RecordView, tuple: number): Role {
  return ROLES[view.u8[tuple + AT_TUPLE_ROLE] as number] ?? 'unknown';
}

/** A NUL-terminated string of at most `limit` bytes; bytes that are not UTF-8 become U+FFFD. */
export function readText(view: RecordView, at: number, limit: number): string {
  let end = at;
  let ascii = true;
  while (end < at + limit && view.u8[end] !== 0) {
    if ((view.u8[end] as number) > 0x7f) ascii = false;
    end++;
  }
  if (!ascii) return new TextDecoder().decode(view.u8.subarray(at, end));
  return String.fromCharCode(...view.u8.subarray(at, end));
}

interface CommEntry {
  readonly words: readonly [number, number, number, number];
  readonly text: string;
}
const commCache: (CommEntry | undefined)[] = Array.from({ length: COMM_CACHE_SLOTS });

/** Task names repeat: a small direct-mapped cache saves the decoding of most. */
function readComm(view: RecordView, at: number): string {
  const index = at >>> 2;
  const a = view.u32[index] as number;
  const b = view.u32[index + 1] as number;
  const c = view.u32[index + 2] as number;
  const d = view.u32[index + 3] as number;
  const slot = (Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 17) ^ d, 0x9e3779b1) >>> 16) % COMM_CACHE_SLOTS;
  const cached = commCache[slot];
  if (cached !== undefined) {
    const [wa, wb, wc, wd] = cached.words;
    if (wa === a && wb === b && wc === c && wd === d) return cached.text;
  }
  const text = readText(view, at, COMM_BYTES);
  commCache[slot] = { words: [a, b, c, d], text };
  return text;
}

interface OwnerEntry {
  readonly words: Uint32Array;
  readonly owner: Owner;
}
const OWNER_CACHE_SLOTS = 512;
const OWNER_WORDS = SIZE_OWNER >>> 2;
const THREAD_WORD = AT_OWNER_TID >>> 2;
const ownerCache: (OwnerEntry | undefined)[] = Array.from({ length: OWNER_CACHE_SLOTS });

/** A pid of 0 means that nothing was stored on the socket. One object for all records of a program. */
export function readOwner(view: RecordView, at: number): Owner | undefined {
  const pid = view.u32[(at + AT_OWNER_PID) >>> 2] as number;
  if (pid === 0) return undefined;
  const slot = pid % OWNER_CACHE_SLOTS;
  const cached = ownerCache[slot];
  if (cached !== undefined && hasWords(view, at, cached.words)) return cached.owner;
  const owner = makeOwner(view, at, pid);
  ownerCache[slot] = { words: view.u32.slice(at >>> 2, (at >>> 2) + OWNER_WORDS), owner };
  return owner;
}

function hasWords({ u32 }: RecordView, at: number, words: Uint32Array): boolean {
  const index = at >>> 2;
  // Which of a program's threads it was is told to nobody.
  for (let i = 0; i < OWNER_WORDS; i++) if (u32[index + i] !== words[i] && i !== THREAD_WORD) return false;
  return true;
}

function makeOwner(view: RecordView, at: number, pid: number): Owner {
  return {
    pid,
    parentPid: view.u32[(at + AT_OWNER_PARENT_PID) >>> 2] as number,
    uid: view.u32[(at + AT_OWNER_UID) >>> 2] as number,
    startNs: u64(view, at + AT_OWNER_START_NS),
    execId: u64(view, at + AT_OWNER_EXEC_ID),
    comm: readComm(view, at + AT_OWNER_COMM),
    cgroupId: u64(view, at + AT_OWNER_CGROUP_ID),
  };
}

/** NUL-separated strings in at most `room` bytes; the last may have been cut. */
export function readList(
  view: RecordView,
  at: number,
  { used, room }: { used: number; room: number },
): string[] {
  const size = Math.min(used, room);
  const list: string[] = [];
  let start = at;
  for (let end = at; end <= at + size; end++) {
    const last = end === at + size;
    if (!last && view.u8[end] !== 0) continue;
    if (!last || end > start) list.push(readText(view, start, end - start));
    start = end + 1;
  }
  return list;
}
