import { describe, expect, it } from 'vitest';
import { packetRateClass, packetRateSubjects } from '../../src/rules/classes/packet-rate.ts';
import { ip, packetRate } from '../support/packet-events.ts';

const ENDS = { client: ip('198.51.100.7'), server: ip('192.0.2.10'), isAnswer: false };
const event = packetRate(
  [
    { protocol: 'tcp', port: 3333, packets: 9 },
    { protocol: 'udp', port: 3333, packets: 5 },
  ],
  {
    applications: [
      { name: 'stratum', protocol: 'tcp', port: 3333, packets: 9, ...ENDS },
      { name: 'tls', protocol: 'tcp', port: 443, packets: 4, ...ENDS },
    ],
  },
);

describe('packets of a second, for rules', () => {
  it('have the protocols that samples told: all of them as a whole, those at its port as a service', () => {
    const field = packetRateClass().fields.find(({ names }) =>
      names.includes('telegen.packets.applications'),
    );
    expect(packetRateSubjects(event).map((subject) => field?.read(subject))).toEqual([
      ['stratum', 'tls'],
      ['stratum'],
      [],
    ]);
    expect(field?.read({ event: packetRate([]) })).toBeUndefined();
  });
});
