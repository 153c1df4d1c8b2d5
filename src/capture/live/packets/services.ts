import {
  PACKET_PROTOCOLS,
  type PacketCounts,
  type PacketProtocol,
  type ServiceCounts,
} from '../../../model/packets.ts';
import type { BpfObject } from '../../addon.ts';
import {
  AT_SERVICE_COUNTS_BYTES,
  AT_SERVICE_COUNTS_PACKETS,
  AT_SERVICE_KEY_FLAGS,
  AT_SERVICE_KEY_IFINDEX,
  AT_SERVICE_KEY_PORT,
  AT_SERVICE_KEY_PROTOCOL,
  PACKET_PROTOCOL,
  SERVICE,
  SIZE_SERVICE_COUNTS,
  SIZE_SERVICE_KEY,
} from '../../layout.gen.ts';
import { u64 } from '../../record-view.ts';
import { addCounts } from './counts.ts';
import { KernelTable } from './kernel-table.ts';
import { type Entry, Retention } from './retention.ts';

export const SERVICE_ENTRIES = 4096;
const MAP = 'tg_services';
/** In the order of `tg_service_counts`, behind bytes. */
const COUNTS = ['packets', 'small', 'syn', 'synAck', 'rst', 'fin', 'nullFlags', 'finOnly', 'xmas'] as const;

/** One interface, one direction. */
export type Side = `${number} ${'inbound' | 'outbound'}`;
export const sideOf = (ifindex: number, isOutbound: boolean): Side =>
  `${ifindex} ${isOutbound ? 'outbound' : 'inbound'}`;

interface Service extends Entry {
  readonly side: Side;
  readonly port: number;
  readonly protocol: PacketProtocol;
  readonly isFiltered: boolean;
  bytes: number;
  readonly counts: Uint32Array;
}

/** What passed one side. */
export interface Passed {
  /** At most one entry of a protocol and port. */
  readonly services: ServiceCounts[];
  /** Part of the entries with port 0. */
  readonly filteredOut: ServiceCounts[];
}

/** What passed since the reading before, by service. */
export class ServiceTable {
  readonly #object: BpfObject;
  readonly #table: KernelTable;
  readonly #cpus: number;
  readonly #kept: Retention<Service>;

  constructor(object: BpfObject, cpus: number) {
    this.#object = object;
    this.#cpus = cpus;
    this.#table = new KernelTable(object, {
      map: MAP,
      entries: SERVICE_ENTRIES,
      keySize: SIZE_SERVICE_KEY,
      valueSize: SIZE_SERVICE_COUNTS,
      copies: cpus,
    });
    this.#kept = new Retention(this.#table);
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Makes the entries into which everything can be folded. */
  addInterface(ifindex: number): void {
    const empty = new Uint8Array(this.#table.stride);
    for (const key of foldKeys(ifindex)) this.#object.mapUpdate(MAP, key, empty, 0);
  }

  removeInterface(ifindex: number): void {
    this.#kept.removeInterface(ifindex);
  }

  /** What changed since the last call. */
  read(): ReadonlyMap<Side, Passed> {
    const sides = new Map<Side, Passed>();
    const count = this.#kept.begin();
    for (let place = 0; place < count; place++) this.#take(place, sides);
    this.#kept.end();
    return sides;
  }

  #take(place: number, sides: Map<Side, Passed>): void {
    const service = this.#kept.at(place, (at) => this.#met(at));
    const now = this.#sum(place);
    if (now.counts[0] === service.counts[0]) return;
    const { side, port, protocol, isFiltered } = service;
    const counts = { ...differences(service, now), protocol, port };
    service.bytes = now.bytes;
    service.counts.set(now.counts);
    this.#kept.changed(service);
    const passed = sides.get(side) ?? { services: [], filteredOut: [] };
    sides.set(side, passed);
    addTo(passed.services, counts);
    if (isFiltered) passed.filteredOut.push(counts);
  }

  #met(place: number): Omit<Service, 'changed' | 'read'> {
    const { u8, u16, u32 } = this.#table.keys;
    const at = place * SIZE_SERVICE_KEY;
    const flags = u8[at + AT_SERVICE_KEY_FLAGS] as number;
    const ifindex = u32[(at + AT_SERVICE_KEY_IFINDEX) >>> 2] as number;
    const port = u16[(at + AT_SERVICE_KEY_PORT) >>> 1] as number;
    return {
      side: sideOf(ifindex, (flags & SERVICE.OUTBOUND) !== 0),
      ifindex,
      port,
      protocol: PACKET_PROTOCOLS[u8[at + AT_SERVICE_KEY_PROTOCOL] as number] ?? 'other',
      isFiltered: (flags & SERVICE.FILTERED) !== 0,
      // What finds no room is folded into these.
      isFixed: port === 0,
      bytes: 0,
      counts: new Uint32Array(COUNTS.length),
    };
  }

  #sum(place: number): { bytes: number; counts: Uint32Array } {
    const { values } = this.#table;
    const counts = new Uint32Array(COUNTS.length);
    let bytes = 0;
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const at = place * this.#table.stride + cpu * SIZE_SERVICE_COUNTS;
      bytes += u64(values, at + AT_SERVICE_COUNTS_BYTES);
      const first = (at + AT_SERVICE_COUNTS_PACKETS) >>> 2;
      // Sums wrap around as the counters do.
      for (let i = 0; i < COUNTS.length; i++)
        counts[i] = (counts[i] as number) + (values.u32[first + i] as number);
    }
    return { bytes, counts };
  }
}

/** What is folded, what has no port and what is filtered out share port 0. */
function addTo(services: ServiceCounts[], counts: ServiceCounts): void {
  const place =
    counts.port === 0
      ? services.findIndex(({ port, protocol }) => port === 0 && protocol === counts.protocol)
      : -1;
  const before = services[place];
  if (before === undefined) services.push(counts);
  else services[place] = { ...addCounts(before, counts), protocol: counts.protocol, port: 0 };
}

function differences(before: Service, now: { bytes: number; counts: Uint32Array }): PacketCounts {
  const of = (name: (typeof COUNTS)[number]): number => {
    const at = COUNTS.indexOf(name);
    return ((now.counts[at] as number) - (before.counts[at] as number)) >>> 0;
  };
  return {
    packets: of('packets'),
    bytes: now.bytes - before.bytes,
    small: of('small'),
    syn: of('syn'),
    synAck: of('synAck'),
    rst: of('rst'),
    fin: of('fin'),
    nullFlags: of('nullFlags'),
    finOnly: of('finOnly'),
    xmas: of('xmas'),
  };
}

function foldKeys(ifindex: number): Uint8Array[] {
  return Object.values(PACKET_PROTOCOL).flatMap((protocol) =>
    [0, SERVICE.OUTBOUND, SERVICE.FILTERED, SERVICE.OUTBOUND | SERVICE.FILTERED].map((flags) => {
      const key = Buffer.alloc(SIZE_SERVICE_KEY);
      key.writeUInt32LE(ifindex, AT_SERVICE_KEY_IFINDEX);
      key[AT_SERVICE_KEY_PROTOCOL] = protocol;
      key[AT_SERVICE_KEY_FLAGS] = flags;
      return key;
    }),
  );
}
