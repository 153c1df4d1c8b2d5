/** Conversations of every protocol that telegen reads, from the first packet to the last. Nothing in them was ever sent. */
import { BEGIN_NS, type TimedPacket } from '../capture-files.ts';
import {
  type Bytes,
  concat,
  ETHER,
  ethernet,
  icmp,
  ip,
  PROTO,
  tcp,
  text,
  udp,
  vlan,
  vxlan,
} from '../packets.ts';
import { type Speaker, type TcpScript, tcpScript } from '../tcp-script.ts';
import {
  applicationData,
  dnsMessage,
  grpcTalk,
  http2Talk,
  QUESTION,
  quicHello,
  serverFlight,
  tlsHello,
} from './messages.ts';

/** The ends of every conversation; whoever sends it many times puts others in their place. */
export const CLIENT = { ipv4: '192.0.2.1', ipv6: '2001:db8::1', port: 0xa7c3 } as const;
const SERVER = {
  ipv4: '198.51.100.2',
  ipv6: '2001:db8:1::2',
  resolver: '198.51.100.53',
  resolver6: '2001:db8:1::53',
};
/** TCP payload of a full segment. */
const SEGMENT = 1448;

export interface Conversation {
  readonly name: string;
  /** How often it comes, in relation to the others. */
  readonly weight: number;
  readonly packets: readonly TimedPacket[];
}

function talk(serverPort: number, family: 'ipv4' | 'ipv6' = 'ipv4'): TcpScript {
  const script = tcpScript({
    client: CLIENT[family],
    server: SERVER[family],
    clientPort: CLIENT.port,
    serverPort,
  });
  script.handshake();
  return script;
}

/** Bytes in full segments; every second one is acknowledged. */
function send(script: TcpScript, from: Speaker, bytes: Bytes): void {
  const other = from === 'client' ? 'server' : 'client';
  for (let at = 0, count = 0; at < bytes.length; at += SEGMENT, count++) {
    script.say(from, at + SEGMENT >= bytes.length ? 'PA' : 'A', bytes.subarray(at, at + SEGMENT));
    if (count % 2 === 1 || at + SEGMENT >= bytes.length) script.say(other, 'A');
  }
  script.wait(1);
}

function closed(script: TcpScript): readonly TimedPacket[] {
  script.close();
  return script.packets;
}

const AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';
const BROWSER = [
  'Host: www-@@@@@@.example.com',
  `User-Agent: ${AGENT}`,
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate',
  'Connection: keep-alive',
  'Cookie: session=made-up-@@@@@@',
].join('\r\n');
const ANSWER =
  'Server: nginx\r\nDate: Mon, 15 Jan 2024 10:30:00 GMT\r\nCache-Control: no-store\r\nVary: Accept-Encoding';
const BODY = 'x'.repeat(5000);

function http1(serverPort = 80): readonly TimedPacket[] {
  const script = talk(serverPort);
  for (const path of ['/', '/assets/app.js?v=@@@@@@', '/users/@@@@@@/orders?page=2']) {
    send(script, 'client', text(`GET ${path} HTTP/1.1\r\n${BROWSER}\r\n\r\n`));
    const head = `HTTP/1.1 200 OK\r\n${ANSWER}\r\nContent-Type: text/html\r\nContent-Length: ${BODY.length}`;
    send(script, 'server', text(`${head}\r\n\r\n${BODY}`));
  }
  return closed(script);
}

function upload(): readonly TimedPacket[] {
  const script = talk(8080, 'ipv6');
  const head = `POST /upload/@@@@@@ HTTP/1.1\r\n${BROWSER}\r\nContent-Type: application/json\r\nContent-Length: 9000`;
  send(script, 'client', text(`${head}\r\n\r\n${'y'.repeat(9000)}`));
  send(script, 'server', text(`HTTP/1.1 201 Created\r\n${ANSWER}\r\nTransfer-Encoding: chunked\r\n\r\n`));
  send(script, 'server', text('2\r\nok\r\n0\r\n\r\n'));
  return closed(script);
}

function framed(serverPort: number, turns: readonly (readonly [Speaker, Bytes])[]): readonly TimedPacket[] {
  const script = talk(serverPort);
  for (const [speaker, bytes] of turns) send(script, speaker, bytes);
  return closed(script);
}

function tls(family: 'ipv4' | 'ipv6'): readonly TimedPacket[] {
  const script = talk(443, family);
  send(script, 'client', tlsHello());
  send(script, 'server', serverFlight());
  for (let turn = 0; turn < 4; turn++) {
    send(script, 'client', applicationData(300));
    send(script, 'server', applicationData(24 * SEGMENT));
  }
  return closed(script);
}

function dnsOverTcp(): readonly TimedPacket[] {
  const script = talk(53);
  const [query, answer] = [dnsMessage('query'), dnsMessage('answer')];
  const framedAs = (message: Bytes): Bytes =>
    concat(Uint8Array.of(message.length >> 8, message.length & 255), message);
  send(script, 'client', framedAs(query));
  send(script, 'server', framedAs(answer));
  return closed(script);
}

const at = (bytes: Bytes, ms: number): TimedPacket => ({ bytes, timeNs: BEGIN_NS + BigInt(ms) * 1_000_000n });

interface Datagrams {
  readonly family?: 'ipv4' | 'ipv6';
  readonly server?: string;
  readonly serverPort: number;
}

/** Datagrams of client and server, one after the other. */
function datagrams(
  { family = 'ipv4', server = SERVER[family], serverPort }: Datagrams,
  payloads: readonly Bytes[],
) {
  return payloads.map((payload, index) => {
    const isReply = index % 2 === 1;
    const ends = isReply ? { src: server, dst: CLIENT[family] } : { src: CLIENT[family], dst: server };
    const ports = isReply
      ? { srcPort: serverPort, dstPort: CLIENT.port }
      : { srcPort: CLIENT.port, dstPort: serverPort };
    const packet = ip({ ...ends, protocol: PROTO.udp }, udp(ports, payload));
    return at(ethernet(family === 'ipv4' ? ETHER.ipv4 : ETHER.ipv6, packet), index);
  });
}

function lookup(
  answer: 'answer' | 'answer6' | 'none',
  family: 'ipv4' | 'ipv6' = 'ipv4',
): readonly TimedPacket[] {
  const server = family === 'ipv4' ? SERVER.resolver : SERVER.resolver6;
  const query = dnsMessage(answer === 'answer6' ? 'query6' : 'query');
  return datagrams({ family, server, serverPort: 53 }, [query, dnsMessage(answer)]);
}

/** A hello, then short headers of QUIC: bytes that are nothing to anybody. */
function quic(): readonly TimedPacket[] {
  const payload = Uint8Array.from({ length: 1200 }, (_, i) => (i === 0 ? 0x43 : (i * 167 + 13) & 255));
  return datagrams({ serverPort: 443 }, [quicHello(), ...Array.from({ length: 79 }, () => payload)]);
}

function refused(): readonly TimedPacket[] {
  const script = tcpScript({ clientPort: CLIENT.port, serverPort: 4444 });
  script.say('client', 'S');
  script.say('server', 'RA');
  return script.packets;
}

const inFrames = (packets: readonly TimedPacket[], wrap: (frame: Bytes) => Bytes): readonly TimedPacket[] =>
  packets.map(({ bytes, timeNs }) => ({ bytes: wrap(bytes), timeNs }));
const inVlan = (frame: Bytes): Bytes => ethernet(ETHER.vlan, vlan(100, ETHER.ipv4, frame.subarray(14)));
const inVxlan = (frame: Bytes): Bytes =>
  ethernet(
    ETHER.ipv4,
    ip(
      { src: '203.0.113.1', dst: '203.0.113.2', protocol: PROTO.udp },
      udp({ srcPort: 51_000, dstPort: 4789 }, vxlan(5, frame)),
    ),
  );

function ping(): readonly TimedPacket[] {
  const echo = (type: number): Bytes => icmp(type, 0, new Uint8Array(56));
  const ends = { src: CLIENT.ipv4, dst: SERVER.ipv4 };
  const back = { src: SERVER.ipv4, dst: CLIENT.ipv4 };
  return [
    at(ethernet(ETHER.ipv4, ip({ ...ends, protocol: PROTO.icmp }, echo(8))), 0),
    at(ethernet(ETHER.ipv4, ip({ ...back, protocol: PROTO.icmp }, echo(0))), 1),
  ];
}

function unreachable(): readonly TimedPacket[] {
  const sent = ip(
    { src: CLIENT.ipv4, protocol: PROTO.udp },
    udp({ srcPort: CLIENT.port, dstPort: 9 }, text('?')),
  );
  const error = ip({ src: SERVER.ipv4, dst: CLIENT.ipv4, protocol: PROTO.icmp }, icmp(3, 3, sent));
  return [at(ethernet(ETHER.ipv4, sent), 0), at(ethernet(ETHER.ipv4, error), 1)];
}

const arp = (): readonly TimedPacket[] => [at(ethernet(ETHER.arp, new Uint8Array(46)), 0)];
const stray = (): readonly TimedPacket[] => {
  const segment = tcp({ srcPort: CLIENT.port, dstPort: 80, flags: 'R' });
  return [at(ethernet(ETHER.ipv4, ip({ src: CLIENT.ipv4, protocol: PROTO.tcp }, segment)), 0)];
};

/**
 * A network with users: by packets, half is TLS, a quarter HTTP/1, HTTP/2 and gRPC, an eighth QUIC, the rest lookups and
 * what goes wrong.
 */
export function conversations(): readonly Conversation[] {
  return [
    { name: 'lookup', weight: 200, packets: lookup('answer') },
    { name: 'lookup of IPv6 over IPv6', weight: 60, packets: lookup('answer6', 'ipv6') },
    { name: 'lookup of nothing', weight: 30, packets: lookup('none') },
    { name: 'lookup over TCP', weight: 4, packets: dnsOverTcp() },
    { name: 'HTTP/1', weight: 50, packets: http1() },
    { name: 'HTTP/1 upload', weight: 10, packets: upload() },
    { name: 'HTTP/2', weight: 12, packets: framed(8000, http2Talk()) },
    { name: 'gRPC', weight: 12, packets: framed(50_051, grpcTalk()) },
    { name: 'TLS', weight: 28, packets: tls('ipv4') },
    { name: 'TLS over IPv6', weight: 8, packets: tls('ipv6') },
    { name: 'TLS in a VLAN', weight: 4, packets: inFrames(tls('ipv4'), inVlan) },
    { name: 'HTTP/1 in VXLAN', weight: 4, packets: inFrames(http1(8081), inVxlan) },
    { name: 'QUIC', weight: 12, packets: quic() },
    { name: 'refused', weight: 10, packets: refused() },
    { name: 'unreachable', weight: 5, packets: unreachable() },
    { name: 'ping', weight: 10, packets: ping() },
    { name: 'ARP', weight: 20, packets: arp() },
    { name: 'stray reset', weight: 5, packets: stray() },
  ];
}

/** What stands for a number of six digits in the conversations: host names, paths. */
export const NUMBER_MARK = text('@@@@@@');
/** The id of all DNS messages. */
export { QUESTION };
