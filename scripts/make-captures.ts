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
  pcapHeader,
  pcapng,
  pcapRecord,
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

const DEFAULT_PACKETS = 200_000;
const SESSIONS_AT_ONCE = 64;
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

/** `count` packets of many sessions at once, record by record so that any count fits into memory. */
async function* mixed(count: number): AsyncGenerator<Uint8Array, void> {
  const template = session();
  const records = template.map((packet) => pcapRecord(packet));
  yield pcapHeader();
  let written = 0;
  for (let group = 0; written < count; group++) {
    const pieces: Uint8Array[] = [];
    for (let step = 0; step < records.length; step++) {
      for (let i = 0; i < SESSIONS_AT_ONCE && written < count; i++, written++) {
        pieces.push(
          asSession(records[step] as Uint8Array, { number: group * SESSIONS_AT_ONCE + i, group, step }),
        );
      }
    }
    yield concat(...pieces);
  }
}

const [RECORD_BYTES, SOURCE_AT, SOURCE_PORT_AT] = [16, 16 + 26, 16 + 34];
const GROUP_MS = 400;

/** The record with another client: address 192.0.2.x, port by number; all groups in their own 400 ms. */
function asSession(
  record: Uint8Array,
  { number, group, step }: Record<'number' | 'group' | 'step', number>,
): Uint8Array {
  const changed = Uint8Array.from(record);
  const view = new DataView(changed.buffer);
  const us = group * GROUP_MS * 1000 + step * 2000;
  view.setUint32(0, Number(BEGIN_NS / 1_000_000_000n) + Math.floor(us / 1e6), true);
  view.setUint32(4, us % 1e6, true);
  const isReply = changed[RECORD_BYTES + 26] !== 192;
  view.setUint8(SOURCE_AT + (isReply ? 7 : 3), 1 + (number % 250));
  view.setUint16(SOURCE_PORT_AT + (isReply ? 2 : 0), 1024 + (Math.floor(number / 250) % 64_000));
  return changed;
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
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  await pipeline(mixed(count), createWriteStream(join(folder, 'mixed.pcap')));
  console.log(`${folder}: ${[...Object.keys(files), `mixed.pcap (${count} packets)`].join(', ')}`);
}

await main();
