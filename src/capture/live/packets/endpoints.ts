import type { TopEndpoint } from '../../../model/packets.ts';
import type { BpfObject } from '../../addon.ts';
import {
  AT_ENDPOINT_COUNTS_BYTES,
  AT_ENDPOINT_COUNTS_LISTED,
  AT_ENDPOINT_COUNTS_PACKETS,
  AT_ENDPOINT_COUNTS_SYN,
  AT_ENDPOINT_KEY_DIRECTION,
  AT_ENDPOINT_KEY_FAMILY,
  AT_ENDPOINT_KEY_IFINDEX,
  AT_ENDPOINT_KEY_IP,
  AT_NEAR_ENDPOINT_COUNTS,
  AT_NEAR_ENDPOINT_KEY,
  AT_NEAR_ENDPOINT_STATE,
  DIRECTION,
  NEAR,
  SIZE_ENDPOINT_COUNTS,
  SIZE_ENDPOINT_KEY,
  SIZE_NEAR_ENDPOINT,
} from '../../layout.gen.ts';
import { type RecordView, readIp, u64 } from '../../record-view.ts';
import { KernelTable } from './kernel-table.ts';
import { NearTable } from './near-table.ts';
import { type Entry, type Met, Retention } from './retention.ts';
import { type Side, sideOf } from './services.ts';
import { createTop, TOP_SIZE, type Top } from './top.ts';

const ENDPOINT_ENTRIES = 16_384;
const MAPS = {
  sources: { near: 'tg_near_sources', hash: 'tg_sources' },
  destinations: { near: 'tg_near_destinations', hash: 'tg_destinations' },
} as const;

interface Endpoint extends Entry {
  readonly side: Side;
  packets: number;
  bytes: number;
  syn: number;
}

/** What an address sent or was sent, and where its key is. */
interface Change {
  readonly side: Side;
  packets: number;
  bytes: number;
  syn: number;
  readonly isListed: boolean;
  readonly keys: RecordView;
  readonly keyAt: number;
}

/** What the addresses of one side sent, or were sent, since the reading before. */
export interface EndpointChanges {
  /** Addresses that changed. */
  readonly seen: number;
  /** The busiest first. */
  readonly top: readonly TopEndpoint[];
  /** The busiest of those that a list names. */
  readonly listed: readonly TopEndpoint[];
}

interface Gathered {
  seen: number;
  readonly top: Top<TopEndpoint>;
  readonly listed: Top<TopEndpoint>;
}

const NOTHING: EndpointChanges = { seen: 0, top: [], listed: [] };

/** Packets by source, or by destination. */
export class EndpointTable {
  readonly #table: KernelTable;
  readonly #kept: Retention<Endpoint>;
  readonly #near: NearTable<Endpoint>;

  constructor(object: BpfObject, which: keyof typeof MAPS) {
    const { near, hash } = MAPS[which];
    this.#table = new KernelTable(object, {
      map: hash,
      entries: ENDPOINT_ENTRIES,
      keySize: SIZE_ENDPOINT_KEY,
      valueSize: SIZE_ENDPOINT_COUNTS,
    });
    this.#kept = new Retention(this.#table);
    this.#near = new NearTable(object, {
      map: near,
      slotSize: SIZE_NEAR_ENDPOINT,
      keyAt: AT_NEAR_ENDPOINT_KEY,
      keySize: SIZE_ENDPOINT_KEY,
      markAt: AT_NEAR_ENDPOINT_STATE,
      used: NEAR.USED,
    });
  }

  get size(): number {
    return this.#kept.size + this.#near.size;
  }

  removeInterface(ifindex: number): void {
    this.#kept.removeInterface(ifindex);
    this.#near.removeInterface(ifindex);
  }

  /** What changed since the last call, by side. */
  read(): (side: Side) => EndpointChanges {
    const sides = new Map<Side, Gathered>();
    const near = this.#readNear();
    const count = this.#kept.begin();
    for (let place = 0; place < count; place++) {
      const endpoint = this.#kept.at(place, (at) => met(this.#table.keys, at * SIZE_ENDPOINT_KEY));
      const [keyAt, countsAt] = [place * SIZE_ENDPOINT_KEY, place * SIZE_ENDPOINT_COUNTS];
      const change = takeChange(endpoint, this.#table.keys, keyAt, this.#table.values, countsAt);
      if (change === undefined) continue;
      this.#kept.changed(endpoint);
      if (!isAdded(near, endpoint, change)) gather(sides, change);
    }
    this.#kept.end();
    for (const change of near.values()) gather(sides, change);
    return (side) => {
      const gathered = sides.get(side);
      if (gathered === undefined) return NOTHING;
      const { seen, top, listed } = gathered;
      return { seen, top: top.list(), listed: listed.list() };
    };
  }

  /** Changes of those that have a slot, by key: an address may have two, and an entry in the hash table as well. */
  #readNear(): Map<string, Change> {
    const changes = new Map<string, Change>();
    const { view } = this.#near;
    this.#near.read(
      (at) => met(view, at + AT_NEAR_ENDPOINT_KEY),
      (endpoint, at) => {
        const [keyAt, countsAt] = [at + AT_NEAR_ENDPOINT_KEY, at + AT_NEAR_ENDPOINT_COUNTS];
        const change = takeChange(endpoint, view, keyAt, view, countsAt);
        if (change === undefined) return false;
        if (!isAdded(changes, endpoint, change)) changes.set(endpoint.key, change);
        return true;
      },
    );
    return changes;
  }
}

function met({ u8, u32 }: RecordView, keyAt: number): Met<Endpoint> {
  const ifindex = u32[(keyAt + AT_ENDPOINT_KEY_IFINDEX) >>> 2] as number;
  const isOutbound = u8[keyAt + AT_ENDPOINT_KEY_DIRECTION] === DIRECTION.SENT;
  return { side: sideOf(ifindex, isOutbound), ifindex, packets: 0, bytes: 0, syn: 0 };
}

/** What there is beyond what was known, which is known from now on. */
function takeChange(
  endpoint: Endpoint,
  keys: RecordView,
  keyAt: number,
  values: RecordView,
  at: number,
): Change | undefined {
  const packets = u64(values, at + AT_ENDPOINT_COUNTS_PACKETS);
  if (packets === endpoint.packets) return undefined;
  const [bytes, syn] = [u64(values, at + AT_ENDPOINT_COUNTS_BYTES), u64(values, at + AT_ENDPOINT_COUNTS_SYN)];
  const change = {
    side: endpoint.side,
    packets: packets - endpoint.packets,
    bytes: bytes - endpoint.bytes,
    syn: syn - endpoint.syn,
    isListed: values.u32[(at + AT_ENDPOINT_COUNTS_LISTED) >>> 2] !== 0,
    keys,
    keyAt,
  };
  Object.assign(endpoint, { packets, bytes, syn });
  return change;
}

function isAdded(changes: ReadonlyMap<string, Change>, { key }: Endpoint, change: Change): boolean {
  const before = changes.get(key);
  if (before === undefined) return false;
  before.packets += change.packets;
  before.bytes += change.bytes;
  before.syn += change.syn;
  return true;
}

function gather(sides: Map<Side, Gathered>, change: Change): void {
  const { side, packets, bytes, syn, keys, keyAt } = change;
  const gathered = sides.get(side) ?? {
    seen: 0,
    top: createTop<TopEndpoint>(TOP_SIZE),
    listed: createTop<TopEndpoint>(TOP_SIZE),
  };
  if (gathered.seen === 0) sides.set(side, gathered);
  gathered.seen += 1;
  const ip = (): TopEndpoint['ip'] =>
    readIp(keys, keyAt + AT_ENDPOINT_KEY_IP, keys.u8[keyAt + AT_ENDPOINT_KEY_FAMILY] as number);
  const told = (): TopEndpoint => ({ ip: ip(), packets, bytes, syn });
  gathered.top.offer(packets, told);
  if (change.isListed) gathered.listed.offer(packets, told);
}
