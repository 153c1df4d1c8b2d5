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
  DIRECTION,
  SIZE_ENDPOINT_COUNTS,
  SIZE_ENDPOINT_KEY,
} from '../../layout.gen.ts';
import { readIp, u64 } from '../../record-view.ts';
import { KernelTable } from './kernel-table.ts';
import { type Entry, Retention } from './retention.ts';
import { type Side, sideOf } from './services.ts';
import { createTop, TOP_SIZE, type Top } from './top.ts';

export const ENDPOINT_ENTRIES = 16_384;

interface Endpoint extends Entry {
  readonly side: Side;
  packets: number;
  bytes: number;
  syn: number;
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

  constructor(object: BpfObject, map: 'tg_sources' | 'tg_destinations') {
    this.#table = new KernelTable(object, {
      map,
      entries: ENDPOINT_ENTRIES,
      keySize: SIZE_ENDPOINT_KEY,
      valueSize: SIZE_ENDPOINT_COUNTS,
    });
    this.#kept = new Retention(this.#table);
  }

  get size(): number {
    return this.#kept.size;
  }

  removeInterface(ifindex: number): void {
    this.#kept.removeInterface(ifindex);
  }

  /** What changed since the last call, by side. */
  read(): (side: Side) => EndpointChanges {
    const sides = new Map<Side, Gathered>();
    const count = this.#kept.begin();
    for (let place = 0; place < count; place++) this.#take(place, sides);
    this.#kept.end();
    return (side) => {
      const gathered = sides.get(side);
      if (gathered === undefined) return NOTHING;
      const { seen, top, listed } = gathered;
      return { seen, top: top.list(), listed: listed.list() };
    };
  }

  #take(place: number, sides: Map<Side, Gathered>): void {
    const endpoint = this.#kept.at(place, (at) => this.#met(at));
    const { values } = this.#table;
    const at = place * SIZE_ENDPOINT_COUNTS;
    const packets = u64(values, at + AT_ENDPOINT_COUNTS_PACKETS);
    if (packets === endpoint.packets) return;
    const [bytes, syn] = [
      u64(values, at + AT_ENDPOINT_COUNTS_BYTES),
      u64(values, at + AT_ENDPOINT_COUNTS_SYN),
    ];
    const change = {
      packets: packets - endpoint.packets,
      bytes: bytes - endpoint.bytes,
      syn: syn - endpoint.syn,
    };
    const gathered = sides.get(endpoint.side) ?? {
      seen: 0,
      top: createTop<TopEndpoint>(TOP_SIZE),
      listed: createTop<TopEndpoint>(TOP_SIZE),
    };
    if (gathered.seen === 0) sides.set(endpoint.side, gathered);
    gathered.seen += 1;
    const told = (): TopEndpoint => ({ ip: this.#ip(place), ...change });
    gathered.top.offer(change.packets, told);
    if (values.u32[(at + AT_ENDPOINT_COUNTS_LISTED) >>> 2] !== 0) gathered.listed.offer(change.packets, told);
    Object.assign(endpoint, { packets, bytes, syn });
    this.#kept.changed(endpoint);
  }

  #ip(place: number): TopEndpoint['ip'] {
    const at = place * SIZE_ENDPOINT_KEY;
    const { keys } = this.#table;
    return readIp(keys, at + AT_ENDPOINT_KEY_IP, keys.u8[at + AT_ENDPOINT_KEY_FAMILY] as number);
  }

  #met(place: number): Omit<Endpoint, 'changed' | 'read'> {
    const { u8, u32 } = this.#table.keys;
    const at = place * SIZE_ENDPOINT_KEY;
    const ifindex = u32[(at + AT_ENDPOINT_KEY_IFINDEX) >>> 2] as number;
    const isOutbound = u8[at + AT_ENDPOINT_KEY_DIRECTION] === DIRECTION.SENT;
    return { side: sideOf(ifindex, isOutbound), ifindex, packets: 0, bytes: 0, syn: 0 };
  }
}
