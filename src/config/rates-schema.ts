import { PACKET_RATE } from './defaults.ts';
import * as leaf from './leaf.ts';

const rate = (fallback: number, what: string) =>
  leaf.whole(
    { min: 1, max: 1_000_000_000, default: fallback },
    { active: true, description: `${what} a second below which nothing alerts.` },
  );

/** `agent.network.security.packet_rate`. */
export const packetRateSchema = leaf.section('Floods and other unusual packet rates', {
  enabled: leaf.flag(true, { active: true, description: 'Compare packet rates with what is usual.' }),
  warm_up: leaf.duration(
    { min: '2s', max: '24h', default: PACKET_RATE.warmUp },
    { active: true, description: 'Nothing alerts before an interface has been watched for so long.' },
  ),
  start_after: leaf.duration(
    { min: '1s', max: '10m', default: PACKET_RATE.startAfter },
    { active: true, description: 'A rate alerts when it has stood out for so long.' },
  ),
  end_after: leaf.duration(
    { min: '1s', max: '1h', default: PACKET_RATE.endAfter },
    { active: true, description: 'It is over when it has been ordinary for so long.' },
  ),
  update_interval: leaf.duration(
    { min: '1s', max: '24h', default: PACKET_RATE.updateInterval },
    {
      active: true,
      description:
        'First update of what goes on; each further one comes after twice the time of the one before.',
    },
  ),
  accept_after: leaf.duration(
    { min: '1m', max: '720h', default: PACKET_RATE.acceptAfter },
    { active: true, description: 'A rate that stands out for longer is what is usual from then on.' },
  ),
  half_life: leaf.duration(
    { min: '10s', max: '168h', default: PACKET_RATE.halfLife },
    { active: true, description: 'After this time half of what was learned of a rate is forgotten.' },
  ),
  ratio: leaf.number(
    { min: 1, max: 1_000, default: PACKET_RATE.ratio },
    { active: true, description: 'A rate stands out from so many times its baseline on.' },
  ),
  deviations: leaf.number(
    { min: 0, max: 1_000, default: PACKET_RATE.deviations },
    { active: true, description: 'And from so many of its usual deviations above the baseline on.' },
  ),
  floor: leaf.section('Rates that are too low to matter', {
    packets: rate(PACKET_RATE.floor.packets, 'Packets'),
    syn: rate(PACKET_RATE.floor.syn, 'TCP connection requests (SYN)'),
    udp: rate(PACKET_RATE.floor.udp, 'UDP datagrams'),
    icmp: rate(PACKET_RATE.floor.icmp, 'ICMP packets'),
    small: rate(PACKET_RATE.floor.small, 'Packets of at most 128 bytes'),
  }),
});
