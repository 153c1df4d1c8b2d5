import type { Detector } from '../../model/detector.ts';
import type { Finding } from '../../model/finding.ts';
import type { PacketRateEvent } from '../../model/packets.ts';
import { DETECTOR } from './finding.ts';
import { Judge } from './judge.ts';
import type { PacketRateOptions } from './options.ts';

/** Directions of interfaces that are watched; those that come later are not, and are counted. */
const MAX_SITES = 256;
const NOTHING: readonly Finding[] = [];

/** Floods and other packet rates that are not what they usually are, by interface, direction and service. */
export function packetRate(options: PacketRateOptions): Detector {
  const judges = new Map<string, Judge>();
  const counters = { interfaces: 0, services: 0 };

  function judgeOf(event: PacketRateEvent): Judge | undefined {
    const key = `${event.direction} ${event.interface}`;
    const known = judges.get(key);
    if (known !== undefined) return known;
    if (judges.size >= MAX_SITES) {
      counters.interfaces += 1;
      return undefined;
    }
    const other = event.direction === 'inbound' ? 'outbound' : 'inbound';
    const opposite = () => judges.get(`${other} ${event.interface}`);
    const judge = new Judge(event, { options, opposite, counters });
    judges.set(key, judge);
    return judge;
  }

  return {
    name: DETECTOR,
    asks: ['packet_rate'],
    counters,
    inspect: () => undefined,
    inspectPackets: (event) =>
      event.kind === 'packet_rate' ? (judgeOf(event)?.window(event) ?? NOTHING) : NOTHING,
    tick: (nowMs) => [...judges.values()].flatMap((judge) => judge.tick(nowMs)),
    finish: () => [...judges.values()].flatMap((judge) => judge.finish()),
  };
}
