import type { PacketCounts, PacketRateEvent, ProbeEvent, ServiceCounts } from '../../src/model/packets.ts';
import { parseIp } from '../../src/net/ip.ts';
import { TIME_MS } from '../alerts/fixtures.ts';

export const ip = (text: string) => {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
};

export const NO_PACKETS: PacketCounts = {
  packets: 0,
  bytes: 0,
  small: 0,
  syn: 0,
  synAck: 0,
  rst: 0,
  fin: 0,
  nullFlags: 0,
  finOnly: 0,
  xmas: 0,
};

/** One second of one service, summed up; override what matters. */
export function packetRate(
  services: readonly (Partial<ServiceCounts> & Pick<ServiceCounts, 'protocol' | 'port'>)[],
  overrides: Partial<PacketRateEvent> = {},
): PacketRateEvent {
  const full = services.map((service) => ({ ...NO_PACKETS, ...service }));
  const total = { ...NO_PACKETS };
  for (const service of full)
    for (const name of Object.keys(total) as (keyof PacketCounts)[])
      Object.assign(total, { [name]: total[name] + service[name] });
  return {
    kind: 'packet_rate',
    timeMs: TIME_MS,
    intervalMs: 1000,
    interface: 'eth0',
    direction: 'inbound',
    total,
    services: full,
    sources: [],
    destinations: [],
    sourcesSeen: 0,
    ...overrides,
  };
}

/** A SYN from outside that was refused. */
export function probe(overrides: Partial<ProbeEvent> = {}): ProbeEvent {
  return {
    kind: 'probe',
    timeMs: TIME_MS,
    interface: 'eth0',
    source: ip('198.51.100.7'),
    target: ip('192.0.2.10'),
    port: 22,
    probe: 'syn',
    answer: 'rst',
    ...overrides,
  };
}
