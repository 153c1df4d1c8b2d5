/**
 * Writes captures of made-up traffic, for trying things and for measuring:
 * `node scripts/make-captures.ts [DIRECTORY] [--packets N]`. Nothing in them was ever sent.
 */
import { createWriteStream, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import {
  BEGIN_NS,
  enhancedPacket,
  interfaceBlock,
  pcap,
  pcapng,
  sectionHeader,
  type TimedPacket,
} from '../test/support/capture-files.ts';
import {
  concat,
  ETHER,
  ethernet,
  geneve,
  gre,
  icmp,
  ipv4,
  ipv6,
  PROTO,
  tcp,
  text,
  udp,
  vlan,
  vxlan,
} from '../test/support/packets.ts';
import { tcpScript } from '../test/support/tcp-script.ts';
import { crowd, inOrder, pingSweep, scanOf, synFlood } from '../test/support/traffic/attacks.ts';
import { mixedTraffic } from '../test/support/traffic/mixed.ts';

const DEFAULT_PACKETS = 200_000;
const REQUEST = text(
  'GET /users/42?page=1 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: made-up/1.0\r\n\r\n',
);
const BODY = 'x'.repeat(600);
const RESPONSE = text(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
);
const QUESTION = concat(
  Uint8Array.of(0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0),
  text('\x03api\x07example\x03com\0'),
  Uint8Array.of(0, 1, 0, 1),
);
const ANSWER = concat(
  Uint8Array.of(0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0),
  QUESTION.subarray(12),
  Uint8Array.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 2),
);

/** A name looked up, a request over HTTP, the connection closed. */
function session(): TimedPacket[] {
  const at = (bytes: Uint8Array, ms: number): TimedPacket => ({
    bytes,
    timeNs: BEGIN_NS + BigInt(ms) * 1_000_000n,
  });
  const [client, resolver] = ['192.0.2.1', '198.51.100.53'];
  const ask = ipv4({ src: client, dst: resolver, protocol: PROTO.udp }, udp({ srcPort: 40_000 }, QUESTION));
  const answer = ipv4(
    { src: resolver, dst: client, protocol: PROTO.udp },
    udp({ srcPort: 53, dstPort: 40_000 }, ANSWER),
  );
  const script = tcpScript({}, 3);
  script.handshake();
  for (let request = 0; request < 3; request++) {
    script.say('client', 'PA', REQUEST);
    script.wait(4);
    script.say('server', 'PA', RESPONSE);
    script.say('client', 'A');
  }
  script.close();
  return [at(ethernet(ETHER.ipv4, ask), 0), at(ethernet(ETHER.ipv4, answer), 2), ...script.packets];
}

/** Refused, unanswered and reset connections, a lost segment, a datagram to a closed port. */
function trouble(): TimedPacket[] {
  const refused = tcpScript({ clientPort: 41_000, serverPort: 4444 });
  refused.say('client', 'S');
  refused.say('server', 'RA');
  const silent = tcpScript({ clientPort: 41_001, serverPort: 31_337 }, 10);
  silent.say('client', 'S');
  const reset = tcpScript({ clientPort: 41_002 }, 20);
  reset.handshake();
  reset.say('client', 'PA', REQUEST);
  reset.say('server', 'RA');
  const lost = tcpScript({ clientPort: 41_003 }, 30);
  lost.handshake();
  for (let i = 0; i < 3; i++) {
    lost.say('client', 'PA', REQUEST);
    lost.say('server', 'PA', RESPONSE.subarray(0, 300));
    lost.say('server', 'PA', RESPONSE.subarray(300));
    if (i === 1) lost.packets.splice(-2, 1);
    lost.say('client', 'A');
  }
  lost.close();
  const datagram = ipv4({ protocol: PROTO.udp }, udp({ dstPort: 9 }, text('anybody?')));
  const answer = ipv4({ src: '198.51.100.2', dst: '192.0.2.1', protocol: PROTO.icmp }, icmp(3, 3, datagram));
  const late = [datagram, answer].map((packet, i) => ({
    bytes: ethernet(ETHER.ipv4, packet),
    timeNs: BEGIN_NS + BigInt(100 + i) * 1_000_000n,
  }));
  return [...refused.packets, ...silent.packets, ...reset.packets, ...lost.packets, ...late];
}

/** One segment, in VLANs and tunnels. */
function encapsulations(): TimedPacket[] {
  const inner = ipv4({ protocol: PROTO.tcp }, tcp({ flags: 'PA' }, REQUEST));
  const frame = ethernet(ETHER.ipv4, inner);
  const outer = (protocol: number, payload: Uint8Array): Uint8Array =>
    ethernet(ETHER.ipv4, ipv4({ src: '203.0.113.1', dst: '203.0.113.2', protocol }, payload));
  const frames = [
    frame,
    ethernet(ETHER.vlan, vlan(100, ETHER.ipv4, inner)),
    ethernet(ETHER.qinq, vlan(7, ETHER.vlan, vlan(100, ETHER.ipv4, inner))),
    ethernet(ETHER.ipv6, ipv6({ protocol: PROTO.tcp }, tcp({ flags: 'PA' }, REQUEST))),
    outer(PROTO.udp, udp({ dstPort: 4789 }, vxlan(5, frame))),
    outer(PROTO.udp, udp({ dstPort: 6081 }, geneve(6, { type: 0x6558 }, frame))),
    outer(PROTO.gre, gre({ type: ETHER.ipv4, key: 7 }, inner)),
    outer(PROTO.ipip, inner),
  ];
  return frames.map((bytes, i) => ({ bytes, timeNs: BEGIN_NS + BigInt(i) * 1_000_000n }));
}

const always = (perSecond: number) => () => perSecond;

/** A minute of visits; ten seconds of SYN of forged sources in it. */
function flood(): TimedPacket[] {
  return inOrder(
    crowd({ fromMs: 0, toMs: 70_000, perSecond: always(10) }, 40),
    synFlood({ fromMs: 40_000, toMs: 50_000, perSecond: always(300) }, 10_000),
  );
}

/** A minute of visits; ten seconds of many more in it, all of them complete. */
function flashCrowd(): TimedPacket[] {
  return inOrder(
    crowd({ fromMs: 0, toMs: 65_000, perSecond: always(10) }, 40),
    crowd({ fromMs: 40_000, toMs: 50_000, perSecond: always(450) }, 900),
  );
}

/** Port scans of every kind, each of a source of its own, and sweeps. */
function scans(): TimedPacket[] {
  const hosts = Array.from({ length: 60 }, (_, index) => `10.0.1.${index + 1}`);
  const ports = Array.from({ length: 45 }, (_, index) => index + 1);
  const kinds = ['syn', 'udp', 'fin', 'null', 'xmas'] as const;
  return inOrder(
    ...kinds.map((kind, index) =>
      scanOf({
        kind,
        source: `198.51.100.${index + 1}`,
        targets: ['10.0.0.1'],
        ports,
        fromMs: index * 1_000,
        gapMs: 10,
      }),
    ),
    scanOf({
      kind: 'syn',
      source: '198.51.100.11',
      targets: hosts,
      ports: [3_389],
      fromMs: 6_000,
      gapMs: 10,
    }),
    pingSweep('198.51.100.12', hosts, 7_000),
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { packets: { type: 'string' } },
  });
  const count = Number(values.packets ?? DEFAULT_PACKETS);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`--packets ${values.packets}: give a number from 1`);
  const folder = positionals[0] ?? mkdtempSync(join(tmpdir(), 'telegen-captures-'));
  mkdirSync(folder, { recursive: true });
  const plain = session();
  const nano = plain.map((packet) => enhancedPacket(false, packet, packet.timeNs));
  const files: Record<string, Uint8Array> = {
    'session.pcap': pcap(plain),
    'session-big-endian.pcap': pcap(plain, { little: false }),
    'session-nanoseconds.pcap': pcap(plain, { nano: true }),
    'session.pcap.gz': gzipSync(pcap(plain)),
    'session.pcapng': pcapng(plain),
    'session-nanoseconds-big-endian.pcapng': concat(
      sectionHeader(false),
      interfaceBlock(false, { resolution: 9 }),
      ...nano,
    ),
    'session-cut.pcap': pcap(plain).subarray(0, -100),
    'trouble.pcap': pcap(trouble()),
    'encapsulations.pcap': pcap(encapsulations()),
    'syn-flood.pcap': pcap(flood()),
    'flash-crowd.pcap': pcap(flashCrowd()),
    'scans.pcap': pcap(scans()),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  await pipeline(mixedTraffic(count), createWriteStream(join(folder, 'mixed.pcap')));
  console.log(`${folder}: ${[...Object.keys(files), `mixed.pcap (${count} packets)`].join(', ')}`);
}

await main();
