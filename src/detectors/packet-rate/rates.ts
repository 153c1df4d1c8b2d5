import type { PacketCounts, PacketRateEvent, ServiceCounts } from '../../model/packets.ts';
import type { Rates, Signal } from './options.ts';

/** What one service, or a whole interface, had in a window. Rates are per second. */
export interface Traffic {
  readonly rates: Rates;
  readonly bytes: number;
  /** TCP resets and handshake answers, which are replies to what others sent. */
  readonly replies: number;
}

const NO_RATES: Rates = { packets: 0, syn: 0, udp: 0, icmp: 0, small: 0 };
export const NO_TRAFFIC: Traffic = { rates: NO_RATES, bytes: 0, replies: 0 };

/** Which signals a service is watched by, the gravest first. */
export function signalsOf(protocol: ServiceCounts['protocol']): readonly Signal[] {
  if (protocol === 'tcp') return ['syn', 'packets'];
  if (protocol === 'udp') return ['udp'];
  return protocol === 'other' ? ['packets'] : ['icmp'];
}

export function serviceTraffic(service: ServiceCounts, intervalMs: number): Traffic {
  const second = 1000 / intervalMs;
  const { protocol, packets, small } = service;
  const isIcmp = protocol === 'icmp' || protocol === 'icmpv6';
  const rates = {
    packets: packets * second,
    syn: service.syn * second,
    udp: protocol === 'udp' ? packets * second : 0,
    icmp: isIcmp ? packets * second : 0,
    small: small * second,
  };
  return { rates, bytes: service.bytes * second, replies: repliesOf(service) * second };
}

/** The whole window. */
export function totalTraffic({ total, services, intervalMs }: PacketRateEvent): Traffic {
  const second = 1000 / intervalMs;
  let udp = 0;
  let icmp = 0;
  for (const { protocol, packets } of services) {
    if (protocol === 'udp') udp += packets;
    else if (protocol === 'icmp' || protocol === 'icmpv6') icmp += packets;
  }
  const rates = {
    packets: total.packets * second,
    syn: total.syn * second,
    udp: udp * second,
    icmp: icmp * second,
    small: total.small * second,
  };
  return { rates, bytes: total.bytes * second, replies: repliesOf(total) * second };
}

function repliesOf({ synAck, rst }: PacketCounts): number {
  return synAck + rst;
}

export function addRates(a: Rates, b: Rates): Rates {
  return {
    packets: a.packets + b.packets,
    syn: a.syn + b.syn,
    udp: a.udp + b.udp,
    icmp: a.icmp + b.icmp,
    small: a.small + b.small,
  };
}

/** What is left when what stands out already is taken away. */
export function without(traffic: Traffic, excess: Rates): Traffic {
  const { rates } = traffic;
  const left = (signal: Signal): number => Math.max(0, rates[signal] - excess[signal]);
  return {
    ...traffic,
    rates: {
      packets: left('packets'),
      syn: left('syn'),
      udp: left('udp'),
      icmp: left('icmp'),
      small: left('small'),
    },
  };
}
