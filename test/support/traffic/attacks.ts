/** Floods, crowds and scans, packet by packet. Times are milliseconds from `BEGIN_NS`; hosts of ours are in 10.0.0.0/8. */
import { BEGIN_NS, type TimedPacket } from '../capture-files.ts';
import { ETHER, ethernet, icmp, ipv4, PROTO, tcp, udp } from '../packets.ts';
import { tcpScript } from '../tcp-script.ts';

export const SERVER = '10.0.0.80';
const NS_PER_MS = 1_000_000;

/** Random numbers that are the same in every run: 32 bits each. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let value = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
    return (value ^ (value >>> 15)) >>> 0;
  };
}

/** A public address by its number. */
export function outside(number: number): string {
  return `203.${(number >>> 16) & 127}.${(number >>> 8) & 255}.${(number & 255) % 254 || 1}`;
}

export function at(
  ms: number,
  protocol: number,
  ends: { src: string; dst: string },
  payload: Uint8Array,
): TimedPacket {
  return {
    bytes: ethernet(ETHER.ipv4, ipv4({ ...ends, protocol }, payload)),
    timeNs: BEGIN_NS + BigInt(Math.round(ms * NS_PER_MS)),
  };
}

/** A connection with a request and its answer, from SYN to the last ACK. */
export function visit(ms: number, client: string, clientPort: number, serverPort = 80): TimedPacket[] {
  const script = tcpScript({ client, clientPort, server: SERVER, serverPort }, Math.floor(ms));
  script.handshake();
  script.say('client', 'PA', new Uint8Array(120).fill(120));
  script.wait(2);
  script.say('server', 'PA', new Uint8Array(600).fill(121));
  script.wait(1);
  script.say('client', 'A');
  script.close();
  return script.packets;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** By the second since the begin of the capture. */
  readonly perSecond: (second: number) => number;
}

/** Visits at a rate, evenly spread, of so many clients in turn. */
export function crowd({ fromMs, toMs, perSecond }: Span, clients: number): TimedPacket[] {
  return times({ fromMs, toMs, perSecond }).flatMap((ms, index) =>
    visit(ms, outside(1_000 + (index % clients)), 20_000 + (index % 40_000)),
  );
}

/** SYN of forged sources, each answered, none followed up. */
export function synFlood(span: Span, sources: number, seed = 1): TimedPacket[] {
  const next = numbers(seed);
  return times(span).flatMap((ms) => {
    const ends = { src: outside(100_000 + (next() % sources)), dst: SERVER };
    const srcPort = 1_024 + (next() % 60_000);
    const seq = next();
    return [
      at(ms, PROTO.tcp, ends, tcp({ srcPort, dstPort: 80, seq, flags: 'S' })),
      at(
        ms + 0.1,
        PROTO.tcp,
        { src: SERVER, dst: ends.src },
        tcp({ srcPort: 80, dstPort: srcPort, ack: seq + 1, flags: 'SA' }),
      ),
    ];
  });
}

function times({ fromMs, toMs, perSecond }: Span): number[] {
  const all: number[] = [];
  for (let second = Math.floor(fromMs / 1_000); second * 1_000 < toMs; second++) {
    const count = perSecond(second);
    for (let each = 0; each < count; each++) {
      const ms = second * 1_000 + ((each + 0.5) * 1_000) / count;
      if (ms >= fromMs && ms < toMs) all.push(ms);
    }
  }
  return all;
}

export type ScanKind = 'syn' | 'connect' | 'fin' | 'null' | 'xmas' | 'udp';
const FLAGS = { syn: 'S', fin: 'F', null: '', xmas: 'FPU' } as const;

export interface ScanOf {
  readonly kind: ScanKind;
  readonly source: string;
  readonly targets: readonly string[];
  readonly ports: readonly number[];
  readonly fromMs: number;
  /** Between two probes. */
  readonly gapMs: number;
  /** Ports that answer; the others refuse. */
  readonly open?: readonly number[];
}

/** What a port scanner sends, and what comes back. */
export function scanOf({ kind, source, targets, ports, fromMs, gapMs, open = [] }: ScanOf): TimedPacket[] {
  return targets.flatMap((target, host) =>
    ports.flatMap((port, place) => {
      const ms = fromMs + (host * ports.length + place) * gapMs;
      return probeOf({ kind, ms, source, target, port, isOpen: open.includes(port) });
    }),
  );
}

interface ProbeOf {
  readonly kind: ScanKind;
  readonly ms: number;
  readonly source: string;
  readonly target: string;
  readonly port: number;
  readonly isOpen: boolean;
}

function probeOf({ kind, ms, source, target, port, isOpen }: ProbeOf): TimedPacket[] {
  const out = { src: source, dst: target };
  const back = { src: target, dst: source };
  const srcPort = 40_000 + (port % 20_000);
  if (kind === 'udp') {
    const question = udp({ srcPort, dstPort: port }, new Uint8Array(8));
    const quoted = ipv4({ ...out, protocol: PROTO.udp }, question);
    return [at(ms, PROTO.udp, out, question), at(ms + 1, PROTO.icmp, back, icmp(3, 3, quoted))];
  }
  const flags = FLAGS[kind === 'connect' ? 'syn' : kind];
  const first = at(ms, PROTO.tcp, out, tcp({ srcPort, dstPort: port, seq: 7, flags }));
  const answer = (letters: string): TimedPacket =>
    at(ms + 1, PROTO.tcp, back, tcp({ srcPort: port, dstPort: srcPort, seq: 90, ack: 8, flags: letters }));
  if (!isOpen) return [first, answer('RA')];
  if (kind !== 'syn' && kind !== 'connect') return [first];
  const own = { srcPort, dstPort: port, seq: 8, ack: 91 };
  const last = kind === 'syn' ? [] : [at(ms + 1.5, PROTO.tcp, out, tcp({ ...own, flags: 'A' }))];
  return [
    first,
    answer('SA'),
    ...last,
    at(ms + 2, PROTO.tcp, out, tcp({ ...own, flags: kind === 'syn' ? 'R' : 'RA' })),
  ];
}

/** Echo requests to many hosts; none answers. */
export function pingSweep(source: string, targets: readonly string[], fromMs: number): TimedPacket[] {
  return targets.map((target, index) =>
    at(fromMs + index * 10, PROTO.icmp, { src: source, dst: target }, icmp(8, 0, new Uint8Array(8))),
  );
}

export function inOrder(...parts: readonly (readonly TimedPacket[])[]): TimedPacket[] {
  return parts.flat().sort((a, b) => (a.timeNs < b.timeNs ? -1 : Number(a.timeNs > b.timeNs)));
}
