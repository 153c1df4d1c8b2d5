import {
  PACKET_PROTOCOLS,
  type PacketCounts,
  type PacketProtocol,
  type ServiceCounts,
} from '../../../model/packets.ts';
import type { BpfObject } from '../../addon.ts';
import {
  AT_NEAR_SERVICE_COUNTS,
  AT_NEAR_SERVICE_KEY,
  AT_SERVICE_COUNTS_BYTES,
  AT_SERVICE_COUNTS_PACKETS,
  AT_SERVICE_KEY_FLAGS,
  AT_SERVICE_KEY_IFINDEX,
  AT_SERVICE_KEY_PORT,
  AT_SERVICE_KEY_PROTOCOL,
  NEAR_SLOTS,
  PACKET_PROTOCOL,
  SERVICE,
  SIZE_NEAR_SERVICE,
  SIZE_SERVICE_COUNTS,
  SIZE_SERVICE_KEY,
} from '../../layout.gen.ts';
import { type RecordView, u64 } from '../../record-view.ts';
import { addCounts } from './counts.ts';
import { KernelTable } from './kernel-table.ts';
import { NearTable } from './near-table.ts';
import { type Entry, type Met, Retention } from './retention.ts';

const SERVICE_ENTRIES = 4096;
const MAP = 'tg_services';
const NEAR_MAP = 'tg_near_services';
/** In the order of `tg_service_counts`, behind bytes. */
const COUNTS = ['packets', 'small', 'syn', 'synAck', 'rst', 'fin', 'nullFlags', 'finOnly', 'xmas'] as const;

/** One interface, one direction. */
export type Side = `${number} ${'inbound' | 'outbound'}`;
export const sideOf = (ifindex: number, isOutbound: boolean): Side =>
  `${ifindex} ${isOutbound ? 'outbound' : 'inbound'}`;

interface Counted {
  bytes: number;
  /** In the order of COUNTS. */
  readonly counts: Uint32Array;
}

interface Service extends Entry, Counted {
  readonly side: Side;
  readonly port: number;
  readonly protocol: PacketProtocol;
  readonly isFiltered: boolean;
}

/** What passed, of all slots and the entry of a service. */
interface Change extends Counted {
  readonly service: Service;
}

/** What passed one side. */
export interface Passed {
  /** At most one entry of a protocol and port. */
  readonly services: ServiceCounts[];
  /** Part of the entries with port 0. */
  readonly filteredOut: ServiceCounts[];
}

/** Sizes of maps that depend on the machine, by name. */
export function serviceMapSizes(cpus: number): Readonly<Record<string, number>> {
  return { [NEAR_MAP]: cpus * NEAR_SLOTS.SERVICES };
}

/** What passed since the reading before, by service. */
export class ServiceTable {
  readonly #object: BpfObject;
  readonly #table: KernelTable;
  readonly #cpus: number;
  readonly #kept: Retention<Service>;
  readonly #near: NearTable<Service>;

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
    this.#near = new NearTable(object, {
      map: NEAR_MAP,
      slotSize: SIZE_NEAR_SERVICE,
      keyAt: AT_NEAR_SERVICE_KEY,
      keySize: SIZE_SERVICE_KEY,
      markAt: AT_NEAR_SERVICE_KEY,
    });
  }

  get size(): number {
    return this.#kept.size + this.#near.size;
  }

  /** Makes the entries into which everything can be folded. */
  addInterface(ifindex: number): void {
    const empty = new Uint8Array(this.#table.stride);
    for (const key of foldKeys(ifindex)) this.#object.mapUpdate(MAP, key, empty, 0);
  }

  removeInterface(ifindex: number): void {
    this.#kept.removeInterface(ifindex);
    this.#near.removeInterface(ifindex);
  }

  /** What changed since the last call. */
  read(): ReadonlyMap<Side, Passed> {
    const changes = new Map<string, Change>();
    this.#readNear(changes);
    const count = this.#kept.begin();
    for (let place = 0; place < count; place++) {
      const service = this.#kept.at(place, (at) => met(this.#table.keys, at * SIZE_SERVICE_KEY));
      const first = place * this.#table.stride;
      if (isChanged(changes, service, sum(this.#table.values, first, this.#cpus)))
        this.#kept.changed(service);
    }
    this.#kept.end();
    return bySide(changes);
  }

  #readNear(changes: Map<string, Change>): void {
    const { view } = this.#near;
    this.#near.read(
      (at) => met(view, at + AT_NEAR_SERVICE_KEY),
      (service, at) => isChanged(changes, service, sum(view, at + AT_NEAR_SERVICE_COUNTS, 1)),
    );
  }
}

function met({ u8, u16, u32 }: RecordView, at: number): Met<Service> {
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

/** Of all CPUs, whose values follow one another. */
function sum(values: RecordView, first: number, cpus: number): Counted {
  const counts = new Uint32Array(COUNTS.length);
  let bytes = 0;
  for (let cpu = 0; cpu < cpus; cpu++) {
    const at = first + cpu * SIZE_SERVICE_COUNTS;
    bytes += u64(values, at + AT_SERVICE_COUNTS_BYTES);
    addWords(counts, values.u32, (at + AT_SERVICE_COUNTS_PACKETS) >>> 2);
  }
  return { bytes, counts };
}

/** Sums wrap around as the counters do. */
function addWords(counts: Uint32Array, words: Uint32Array, first: number): void {
  for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] as number) + (words[first + i] as number);
}

/** Adds what there is beyond what was known, which is known from now on. */
function isChanged(changes: Map<string, Change>, service: Service, now: Counted): boolean {
  if (now.counts[0] === service.counts[0]) return false;
  const change = changes.get(service.key) ?? { service, bytes: 0, counts: new Uint32Array(COUNTS.length) };
  changes.set(service.key, change);
  change.bytes += now.bytes - service.bytes;
  addWords(change.counts, now.counts, 0);
  for (let i = 0; i < COUNTS.length; i++)
    change.counts[i] = (change.counts[i] as number) - (service.counts[i] as number);
  service.bytes = now.bytes;
  service.counts.set(now.counts);
  return true;
}

function bySide(changes: ReadonlyMap<string, Change>): ReadonlyMap<Side, Passed> {
  const sides = new Map<Side, Passed>();
  for (const change of changes.values()) {
    const { side, port, protocol, isFiltered } = change.service;
    const counts = { ...countsOf(change), protocol, port };
    const passed = sides.get(side) ?? { services: [], filteredOut: [] };
    sides.set(side, passed);
    addTo(passed.services, counts);
    if (isFiltered) passed.filteredOut.push(counts);
  }
  return sides;
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

function countsOf({ bytes, counts }: Counted): PacketCounts {
  const of = (name: (typeof COUNTS)[number]): number => counts[COUNTS.indexOf(name)] as number;
  return {
    packets: of('packets'),
    bytes,
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
