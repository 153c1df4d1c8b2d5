import type { PacketRateEvent } from '../../../model/packets.ts';
import type { BpfObject } from '../../addon.ts';
import { addCounts, NO_COUNTS } from './counts.ts';
import { EndpointTable } from './endpoints.ts';
import { SenderTable } from './senders.ts';
import { type Passed, ServiceTable, type Side, sideOf } from './services.ts';

/** Silent windows that are told, at first too: who watches a rate must see it fall, and know from what it rises. */
const SILENT_WINDOWS = 60;
const NOTHING: Passed = { services: [], filteredOut: [] };

export interface WindowEnd {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly intervalMs: number;
}

export interface WatchedInterface {
  readonly name: string;
  readonly index: number;
}

export interface TableSizes {
  readonly services: number;
  readonly sources: number;
  readonly destinations: number;
}

/** Turns the kernel's counters into windows, of each interface and direction. */
export class PacketWindows {
  readonly #services: ServiceTable;
  readonly #sources: EndpointTable;
  readonly #destinations: EndpointTable;
  readonly #senders: SenderTable;
  /** Windows since there was something. */
  readonly #silence = new Map<Side, number>();

  constructor(object: BpfObject, cpus: number) {
    this.#services = new ServiceTable(object, cpus);
    this.#sources = new EndpointTable(object, 'sources');
    this.#destinations = new EndpointTable(object, 'destinations');
    this.#senders = new SenderTable(object);
  }

  get sizes(): TableSizes {
    return {
      services: this.#services.size,
      sources: this.#sources.size,
      destinations: this.#destinations.size,
    };
  }

  addInterface({ index }: WatchedInterface): void {
    this.#services.addInterface(index);
  }

  removeInterface({ index }: WatchedInterface): void {
    for (const table of [this.#services, this.#sources, this.#destinations, this.#senders])
      table.removeInterface(index);
    for (const isOutbound of [false, true]) this.#silence.delete(sideOf(index, isOutbound));
  }

  /** What passed these interfaces since the last call. */
  read(interfaces: readonly WatchedInterface[], end: WindowEnd): readonly PacketRateEvent[] {
    const services = this.#services.read();
    const [sources, destinations, senders] = [
      this.#sources.read(),
      this.#destinations.read(),
      this.#senders.read(),
    ];
    return interfaces.flatMap(({ name, index }) =>
      [false, true].flatMap((isOutbound): PacketRateEvent[] => {
        const side = sideOf(index, isOutbound);
        const { services: passed, filteredOut } = services.get(side) ?? NOTHING;
        if (!this.#isTold(side, passed.length > 0)) return [];
        const [from, to] = [sources(side), destinations(side)];
        const { listed } = isOutbound ? to : from;
        return [
          {
            kind: 'packet_rate',
            ...end,
            interface: name,
            direction: isOutbound ? 'outbound' : 'inbound',
            total: passed.reduce(addCounts, NO_COUNTS),
            services: passed.toSorted((a, b) => b.packets - a.packets),
            ...(filteredOut.length > 0 ? { filteredOut } : {}),
            sources: from.top,
            destinations: to.top,
            sourcesSeen: from.seen,
            ...(isOutbound ? { senders: senders(index) } : {}),
            ...(listed.length > 0 ? { listed } : {}),
          },
        ];
      }),
    );
  }

  #isTold(side: Side, isBusy: boolean): boolean {
    const silent = isBusy ? 0 : (this.#silence.get(side) ?? 0) + 1;
    this.#silence.set(side, silent);
    return silent <= SILENT_WINDOWS;
  }
}
