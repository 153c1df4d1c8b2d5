import { describe, expect, it } from 'vitest';
import { Applications } from '../../../../src/capture/live/packets/applications.ts';
import type { PacketSample } from '../../../../src/model/packets.ts';
import { ip } from '../../../support/packet-events.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const SERVER = ip('192.0.2.2');
const CLIENT = ip('198.51.100.7');
const HELLO = bytes(`\u0016\u0003\u0001\u0000\u0080\u0001\u0000\u0000\u007c\u0003\u0003${'r'.repeat(40)}`);
const SERVER_HELLO = bytes(
  `\u0016\u0003\u0003\u0000\u0080\u0002\u0000\u0000\u007c\u0003\u0003${'r'.repeat(40)}`,
);

/** A packet from the client at port 50000 to the server's port 8443. */
function sample(overrides: Partial<PacketSample> = {}): PacketSample {
  return {
    timeMs: 1,
    interface: 'eth0',
    direction: 'inbound',
    protocol: 'tcp',
    source: CLIENT,
    target: SERVER,
    sourcePort: 50_000,
    port: 8443,
    wireSize: 100,
    packets: 1,
    payload: bytes('GET / HTTP/1.1\r\n'),
    ...overrides,
  };
}

/** The way back. */
const answer = (payload: Uint8Array): PacketSample =>
  sample({ direction: 'outbound', source: SERVER, target: CLIENT, sourcePort: 8443, port: 50_000, payload });

describe('what samples of a window speak', () => {
  it('is counted by protocol and port of the server, scaled back', () => {
    const applications = new Applications(100);
    for (const each of [sample(), sample({ packets: 3 }), sample({ payload: HELLO })]) applications.add(each);
    expect(applications.of({ interface: 'eth0', direction: 'inbound' })).toEqual([
      {
        name: 'http',
        protocol: 'tcp',
        port: 8443,
        packets: 400,
        client: CLIENT,
        server: SERVER,
        isAnswer: false,
      },
      {
        name: 'tls',
        protocol: 'tcp',
        port: 8443,
        packets: 100,
        client: CLIENT,
        server: SERVER,
        isAnswer: false,
      },
    ]);
  });

  it.each([
    ['a response of HTTP', bytes('HTTP/1.1 200 OK\r\n')],
    ['a ServerHello', SERVER_HELLO],
    ['a banner of SSH: the lower port serves', bytes('SSH-2.0-x\r\n')],
    ['the greeting of MySQL', bytes('J\u0000\u0000\u0000\n8.0.36\u0000aaaaaaaa')],
  ])('%s comes from the server', (_name, payload) => {
    const applications = new Applications(1);
    applications.add(answer(payload));
    expect(applications.of({ interface: 'eth0', direction: 'outbound' })).toMatchObject([
      { port: 8443, client: CLIENT, server: SERVER, isAnswer: true },
    ]);
  });

  it('the middle of something, other protocols and what has no addresses say nothing', () => {
    const applications = new Applications(1);
    const { source: _source, ...without } = sample();
    for (const each of [sample({ payload: bytes('....') }), sample({ protocol: 'icmp' }), without])
      applications.add(each);
    expect(applications.of({ interface: 'eth0', direction: 'inbound' })).toEqual([]);
  });

  it('belongs to its interface and direction, and to its window', () => {
    const applications = new Applications(1);
    applications.add(sample());
    expect(applications.of({ interface: 'eth1', direction: 'inbound' })).toEqual([]);
    expect(applications.of({ interface: 'eth0', direction: 'outbound' })).toEqual([]);
    applications.clear();
    expect(applications.of({ interface: 'eth0', direction: 'inbound' })).toEqual([]);
  });

  it('is bounded: 1,024 are counted, 20 told', () => {
    const applications = new Applications(1);
    for (let port = 1; port <= 5_000; port++) applications.add(sample({ port }));
    for (let port = 1_000; port <= 1_030; port++) applications.add(sample({ port }));
    const told = applications.of({ interface: 'eth0', direction: 'inbound' });
    expect(told).toHaveLength(20);
    expect(told.every(({ port, packets }) => packets === 2 && port >= 1_000 && port <= 1_024)).toBe(true);
  });
});
