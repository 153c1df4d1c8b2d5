import { PROBE_KINDS, type ProbeAnswer, type ProbeEvent } from '../../../model/packets.ts';
import type { BpfObject } from '../../addon.ts';
import {
  AT_PROBE_ANSWER,
  AT_PROBE_IFINDEX,
  AT_PROBE_KEY_FAMILY,
  AT_PROBE_KEY_KIND,
  AT_PROBE_KEY_PORT,
  AT_PROBE_KEY_SOURCE,
  AT_PROBE_KEY_TARGET,
  AT_PROBE_TIME_NS,
  SIZE_PROBE,
  SIZE_PROBE_KEY,
} from '../../layout.gen.ts';
import { readIp, u64 } from '../../record-view.ts';
import { KernelTable } from './kernel-table.ts';

const PROBE_ENTRIES = 16_384;
/** So long an answer is waited for. */
const ANSWER_NS = 500e6;
/** So long the same probe is told only once. */
const MEMORY_NS = 60e9;
const NS_PER_MS = 1e6;
/** By value of `enum tg_probe_answer`. */
const ANSWERS: readonly ProbeAnswer[] = ['none', 'open', 'rst'];

export interface ProbeClock {
  /** CLOCK_MONOTONIC. */
  readonly nowNs: number;
  /** Epoch milliseconds of monotonic zero. */
  readonly epochOffsetMs: number;
}

/** Probes that the kernel side remembers, each told once: as soon as it was answered, else after half a second. */
export class ProbeTable {
  readonly #table: KernelTable;
  /** Told, and still in the kernel's table. */
  #told = new Set<string>();

  constructor(object: BpfObject) {
    this.#table = new KernelTable(object, {
      map: 'tg_probes',
      entries: PROBE_ENTRIES,
      keySize: SIZE_PROBE_KEY,
      valueSize: SIZE_PROBE,
    });
  }

  /** Probes to tell of now, the oldest first; `nameOf` an interface by its index. */
  read(clock: ProbeClock, nameOf: (ifindex: number) => string | undefined): readonly ProbeEvent[] {
    const count = this.#table.read();
    const still = new Set<string>();
    const gone: string[] = [];
    const events: ProbeEvent[] = [];
    const memoryNs = count > PROBE_ENTRIES / 2 ? 0 : MEMORY_NS;
    for (let place = 0; place < count; place++) {
      const key = this.#table.keyText(place);
      const ageNs = clock.nowNs - u64(this.#table.values, place * SIZE_PROBE + AT_PROBE_TIME_NS);
      if (!this.#told.has(key)) {
        const event = this.#event(place, clock, nameOf);
        if (event.answer === 'none' && ageNs < ANSWER_NS) continue;
        events.push(event);
      }
      // A flood leaves no room to remember.
      if (ageNs > memoryNs) gone.push(key);
      else still.add(key);
    }
    this.#table.remove(gone);
    this.#told = still;
    return events.toSorted((a, b) => a.timeMs - b.timeMs);
  }

  #event(
    place: number,
    { epochOffsetMs }: ProbeClock,
    nameOf: (ifindex: number) => string | undefined,
  ): ProbeEvent {
    const { keys, values } = this.#table;
    const [key, value] = [place * SIZE_PROBE_KEY, place * SIZE_PROBE];
    const family = keys.u8[key + AT_PROBE_KEY_FAMILY] as number;
    const ifindex = values.u32[(value + AT_PROBE_IFINDEX) >>> 2] as number;
    return {
      kind: 'probe',
      timeMs: u64(values, value + AT_PROBE_TIME_NS) / NS_PER_MS + epochOffsetMs,
      interface: nameOf(ifindex) ?? `if${ifindex}`,
      source: readIp(keys, key + AT_PROBE_KEY_SOURCE, family),
      target: readIp(keys, key + AT_PROBE_KEY_TARGET, family),
      port: keys.u16[(key + AT_PROBE_KEY_PORT) >>> 1] as number,
      probe: PROBE_KINDS[keys.u8[key + AT_PROBE_KEY_KIND] as number] ?? 'syn',
      answer: ANSWERS[values.u32[(value + AT_PROBE_ANSWER) >>> 2] as number] ?? 'none',
    };
  }
}
