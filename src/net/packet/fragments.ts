import type { PacketView } from './packet-view.ts';

/** A datagram that is not whole after this time is given up (RFC 8200 4.5 says 60 s, Linux 30 s). */
export const FRAGMENT_TIMEOUT_MS = 30_000;
const MAX_DATAGRAM_BYTES = 65_535;
const MAX_PIECES = 256;

export interface FragmentLimits {
  /** Datagrams that wait for fragments at one time; the oldest goes first. Default 1,024. */
  readonly maxDatagrams?: number;
  /** Bytes of all waiting fragments. Default 16 MiB. */
  readonly maxBytes?: number;
}

export interface FragmentCounters {
  fragments: number;
  reassembled: number;
  /** Datagrams given up: too old, still open at the end, or pushed out by newer ones. */
  timedOut: number;
  incomplete: number;
  evicted: number;
  /** Fragments that the capture cut: their datagram cannot become whole. */
  cut: number;
  /** Fragments that cover bytes of an earlier one. The first is believed. */
  overlaps: number;
  /** Datagrams with impossible offsets, or in too many pieces. */
  bad: number;
}

/** A fragment: `view.at` to `view.end` is what it carries. */
export interface FragmentHead {
  readonly id: number;
  readonly offset: number;
  readonly more: boolean;
  /** Protocol of the payload, as the fragment's own header says. */
  readonly protocol: number;
}

/** Reassembles fragmented datagrams, within bounds of count, bytes and time. */
export interface FragmentTable {
  readonly counters: Readonly<FragmentCounters>;
  /** Takes one fragment; gives the whole payload, in memory of its own, with the fragment that completes it. */
  add(
    view: PacketView,
    head: FragmentHead,
  ): { readonly bytes: Uint8Array; readonly protocol: number } | undefined;
  /** Gives up everything that waits. */
  finish(): void;
}

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

interface Datagram {
  readonly firstMs: number;
  /** In order, without overlaps. */
  readonly pieces: Piece[];
  size: number;
  /** Known once the last fragment is seen. */
  total: number | undefined;
  /** Of the first fragment; the others may differ in IPv6. */
  protocol: number;
}

export function createFragmentTable(limits: FragmentLimits = {}): FragmentTable {
  const { maxDatagrams = 1024, maxBytes = 16 << 20 } = limits;
  const counters: FragmentCounters = {
    fragments: 0,
    reassembled: 0,
    timedOut: 0,
    incomplete: 0,
    evicted: 0,
    cut: 0,
    overlaps: 0,
    bad: 0,
  };
  /** Insertion order is age. */
  const waiting = new Map<string, Datagram>();
  let heldBytes = 0;

  function drop(key: string, datagram: Datagram): void {
    waiting.delete(key);
    heldBytes -= datagram.size;
  }
  function expire(nowMs: number): void {
    for (const [key, datagram] of waiting) {
      if (nowMs - datagram.firstMs < FRAGMENT_TIMEOUT_MS) return;
      drop(key, datagram);
      counters.timedOut++;
    }
  }
  function evict(keep: string): void {
    for (const [key, datagram] of waiting) {
      if (waiting.size <= maxDatagrams && heldBytes <= maxBytes) return;
      if (key === keep && waiting.size > 1) continue;
      drop(key, datagram);
      counters.evicted++;
    }
  }
  function open(key: string, view: PacketView): Datagram {
    const known = waiting.get(key);
    if (known !== undefined) return known;
    const datagram = { firstMs: view.timeMs, pieces: [], size: 0, total: undefined, protocol: 0 };
    waiting.set(key, datagram);
    return datagram;
  }

  return {
    counters,
    add(view, head) {
      counters.fragments++;
      expire(view.timeMs);
      if (view.end < view.wireEnd) {
        counters.cut++;
        return undefined;
      }
      const key = keyOf(view, head);
      const datagram = open(key, view);
      const before = datagram.size;
      const isGood = insert(datagram, view, head, counters);
      heldBytes += datagram.size - before;
      if (!isGood) {
        drop(key, datagram);
        counters.bad++;
        return undefined;
      }
      if (datagram.total !== datagram.size) {
        evict(key);
        return undefined;
      }
      drop(key, datagram);
      counters.reassembled++;
      return { bytes: join(datagram), protocol: datagram.protocol };
    },
    finish() {
      counters.incomplete += waiting.size;
      waiting.clear();
      heldBytes = 0;
    },
  };
}

/** IPv4 tells datagrams apart by protocol, too; in IPv6 only the first fragment knows the protocol. */
function keyOf(view: PacketView, { id, protocol }: FragmentHead): string {
  const { family, src0, src1, src2, src3, dst0, dst1, dst2, dst3, vlan, tunnel, tunnelId } = view;
  const kind = family === 4 ? protocol : -1;
  return `${src0},${src1},${src2},${src3},${dst0},${dst1},${dst2},${dst3},${id},${kind},${vlan},${tunnel},${tunnelId}`;
}

/** False when the datagram makes no sense any more. */
function insert(
  datagram: Datagram,
  view: PacketView,
  { offset, more, protocol }: FragmentHead,
  counters: FragmentCounters,
): boolean {
  const end = offset + view.end - view.at;
  if (end > MAX_DATAGRAM_BYTES || (more && end === offset)) return false;
  if (offset === 0) datagram.protocol = protocol;
  if (!more) {
    if (datagram.total !== undefined && datagram.total !== end) return false;
    datagram.total = end;
  }
  if (fill(datagram, view, offset)) counters.overlaps++;
  const last = datagram.pieces.at(-1);
  const reach = last === undefined ? 0 : last.start + last.bytes.length;
  if (datagram.total !== undefined && Math.max(reach, end) > datagram.total) return false;
  return datagram.pieces.length <= MAX_PIECES;
}

/** Adds the bytes that no earlier fragment gave; true when some had been given. */
function fill(datagram: Datagram, view: PacketView, offset: number): boolean {
  const { pieces } = datagram;
  const end = offset + view.end - view.at;
  let overlapped = false;
  let from = offset;
  let index = 0;
  while (from < end) {
    const next = pieces[index];
    const nextEnd = next === undefined ? 0 : next.start + next.bytes.length;
    if (next !== undefined && nextEnd <= from) {
      index++;
      continue;
    }
    const to = next === undefined ? end : Math.min(end, Math.max(from, next.start));
    if (to > from) {
      const at = view.at + from - offset;
      pieces.splice(index++, 0, { start: from, bytes: view.bytes.slice(at, at + to - from) });
      datagram.size += to - from;
    }
    if (next !== undefined && next.start < end) overlapped = true;
    from = next === undefined ? end : Math.max(to, Math.min(end, nextEnd));
    if (to === end) break;
  }
  return overlapped;
}

function join({ pieces, size }: Datagram): Uint8Array {
  const whole = new Uint8Array(size);
  for (const { start, bytes } of pieces) whole.set(bytes, start);
  return whole;
}
