import type { TopSender } from '../../../model/packets.ts';
import type { BpfObject } from '../../addon.ts';
import {
  AT_SENDER_BYTES,
  AT_SENDER_KEY_IFINDEX,
  AT_SENDER_OWNER,
  AT_SENDER_PACKETS,
  SIZE_SENDER,
  SIZE_SENDER_KEY,
} from '../../layout.gen.ts';
import { readOwner, u64 } from '../../record-view.ts';
import { KernelTable } from './kernel-table.ts';
import { type Entry, Retention } from './retention.ts';
import { createTop, TOP_SIZE, type Top } from './top.ts';

const SENDER_ENTRIES = 4096;

interface Sender extends Entry {
  packets: number;
  bytes: number;
}

/** Outbound packets by the process that owns their socket. */
export class SenderTable {
  readonly #table: KernelTable;
  readonly #kept: Retention<Sender>;

  constructor(object: BpfObject) {
    this.#table = new KernelTable(object, {
      map: 'tg_senders',
      entries: SENDER_ENTRIES,
      keySize: SIZE_SENDER_KEY,
      valueSize: SIZE_SENDER,
    });
    this.#kept = new Retention(this.#table);
  }

  removeInterface(ifindex: number): void {
    this.#kept.removeInterface(ifindex);
  }

  /** The busiest since the last call, by interface. */
  read(): (ifindex: number) => readonly TopSender[] {
    const tops = new Map<number, Top<TopSender>>();
    const count = this.#kept.begin();
    for (let place = 0; place < count; place++) this.#take(place, tops);
    this.#kept.end();
    return (ifindex) => tops.get(ifindex)?.list() ?? [];
  }

  #take(place: number, tops: Map<number, Top<TopSender>>): void {
    const { keys, values } = this.#table;
    const at = place * SIZE_SENDER;
    const sender = this.#kept.at(place, () => ({
      ifindex: keys.u32[(place * SIZE_SENDER_KEY + AT_SENDER_KEY_IFINDEX) >>> 2] as number,
      packets: 0,
      bytes: 0,
    }));
    const [packets, bytes] = [u64(values, at + AT_SENDER_PACKETS), u64(values, at + AT_SENDER_BYTES)];
    const change = { packets: packets - sender.packets, bytes: bytes - sender.bytes };
    const owner = readOwner(values, at + AT_SENDER_OWNER);
    if (change.packets === 0 || owner === undefined) return;
    const top = tops.get(sender.ifindex) ?? createTop<TopSender>(TOP_SIZE);
    tops.set(sender.ifindex, top);
    top.offer(change.packets, () => ({ owner, ...change }));
    Object.assign(sender, { packets, bytes });
    this.#kept.changed(sender);
  }
}
