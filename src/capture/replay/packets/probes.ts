import type { IpAddress } from '../../../model/ip-address.ts';
import type { ProbeAnswer, ProbeEvent, ProbeKind } from '../../../model/packets.ts';
import { hashIp, mix32 } from '../../../net/hash.ts';
import { unreachableReason } from '../../../net/packet/icmp.ts';
import {
  destinationIp,
  IP_PROTOCOL,
  type PacketView,
  sourceIp,
  TCP_FLAG,
} from '../../../net/packet/packet-view.ts';
import { looksLikeReply } from '../create-flow.ts';
import { isSyn, oddFlags } from './counts.ts';
import { KeySet } from './key-set.ts';

export interface ProbeCounters {
  /** Probes that were not told because too many were waiting for their answers. */
  refused: number;
}

/** Tells of first packets to ports, with what came back. */
export interface Probes {
  /** `isNew`: the packet began a conversation. */
  packet(view: PacketView, isNew: boolean, interfaceId: number): void;
  /** Tells what has waited for long enough. */
  advance(nowMs: number): void;
  finish(): void;
  readonly counters: Readonly<ProbeCounters>;
}

export interface ProbeOptions {
  readonly isInternal: (ip: IpAddress) => boolean;
  readonly nameOf: (interfaceId: number) => string;
  readonly onProbe: (event: ProbeEvent) => void;
}

/** Who answers has done so by then. */
const ANSWER_MS = 3_000;
const MAX_WAITING = 65_536;
/** Probes that are remembered are not told again: half of them at least so many. */
const REMEMBERED = 65_536;
const END_HASHES = 16_384;
const ECHO = { v4: { request: 8, reply: 0 }, v6: { request: 128, reply: 129 } } as const;
const TCP_KINDS = ['syn', 'null', 'fin', 'xmas'] as const satisfies readonly ProbeKind[];
const UDP_KINDS = ['udp'] as const satisfies readonly ProbeKind[];
const SALT: Readonly<Record<ProbeKind, number>> = { syn: 1, null: 2, fin: 3, xmas: 4, udp: 5, icmp_echo: 6 };

type Waiting = Omit<ProbeEvent, 'answer' | 'kind'>;

export function createProbes(options: ProbeOptions): Probes {
  return new ProbeTable(options);
}

class ProbeTable implements Probes {
  readonly counters = { refused: 0 };
  readonly #options: ProbeOptions;
  /** In the order of their times. */
  readonly #waiting = new Map<number, Waiting>();
  /** How many of them have ends with this hash: most packets answer none, which this tells cheaply. */
  readonly #ends = new Uint32Array(END_HASHES);
  readonly #waitingOf: Record<ProbeKind, number> = { syn: 0, null: 0, fin: 0, xmas: 0, udp: 0, icmp_echo: 0 };
  #seen = new KeySet(REMEMBERED);
  #seenBefore = new KeySet(REMEMBERED);

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  packet(view: PacketView, isNew: boolean, interfaceId: number): void {
    if (view.protocol === IP_PROTOCOL.tcp) this.#tcp(view, interfaceId);
    else if (view.protocol === IP_PROTOCOL.udp) this.#udp(view, isNew, interfaceId);
    else this.#icmp(view, interfaceId);
  }

  advance(nowMs: number): void {
    for (const [key, probe] of this.#waiting) {
      if (probe.timeMs + ANSWER_MS > nowMs) return;
      this.#tell(key, probe, 'none', probe.timeMs + ANSWER_MS);
    }
  }

  finish(): void {
    this.advance(Number.POSITIVE_INFINITY);
  }

  #tcp(view: PacketView, interfaceId: number): void {
    const { flags } = view;
    if (isSyn(view)) this.#begin('syn', view, interfaceId);
    else if ((flags & TCP_FLAG.rst) !== 0) for (const kind of TCP_KINDS) this.#answeredBy(kind, view, 'rst');
    else if ((flags & TCP_FLAG.syn) !== 0) this.#answeredBy('syn', view, 'open');
    else if ((flags & TCP_FLAG.ack) === 0) {
      const odd = oddFlags(view);
      if (odd !== undefined) this.#begin(odd, view, interfaceId);
    }
  }

  #udp(view: PacketView, isNew: boolean, interfaceId: number): void {
    if (isNew && !looksLikeReply(view)) this.#begin('udp', view, interfaceId);
    else this.#answeredBy('udp', view, 'open');
  }

  #icmp(view: PacketView, interfaceId: number): void {
    if (view.hasQuote) {
      if (unreachableReason(view) === 'refused') this.#refused(view);
      return;
    }
    const { request, reply } = view.family === 4 ? ECHO.v4 : ECHO.v6;
    if (view.icmpType === request) this.#begin('icmp_echo', view, interfaceId);
    else if (view.icmpType === reply) this.#answeredBy('icmp_echo', view, 'open');
  }

  #begin(kind: ProbeKind, view: PacketView, interfaceId: number): void {
    const source = sourceIp(view);
    const target = destinationIp(view);
    const { isInternal, nameOf } = this.#options;
    // What goes out of here is told by the conversations themselves.
    if (isInternal(source) && !isInternal(target)) return;
    const key = keyOf(kind, source, target, view.dstPort);
    if (this.#seen.has(key) || this.#seenBefore.has(key)) return;
    if (this.#waiting.size >= MAX_WAITING) {
      this.counters.refused += 1;
      return;
    }
    this.#remember(key);
    const { timeMs, dstPort: port } = view;
    this.#waiting.set(key, { timeMs, interface: nameOf(interfaceId), source, target, port, probe: kind });
    this.#waitingOf[kind] += 1;
    const ends = hashEnds(view.src3, view.dst3, port);
    this.#ends[ends] = (this.#ends[ends] as number) + 1;
  }

  /** The packet goes back to who asked. */
  #answeredBy(kind: ProbeKind, view: PacketView, answer: ProbeAnswer): void {
    if (this.#waitingOf[kind] === 0 || this.#ends[hashEnds(view.dst3, view.src3, view.srcPort)] === 0) return;
    const key = keyOf(kind, destinationIp(view), sourceIp(view), view.srcPort);
    this.#answer(key, answer, view.timeMs);
  }

  /** The packet quotes the one that asked. */
  #refused({ quoted, timeMs }: PacketView): void {
    const kinds = quoted.protocol === IP_PROTOCOL.udp ? UDP_KINDS : TCP_KINDS;
    for (const kind of kinds) {
      if (this.#waitingOf[kind] === 0) continue;
      this.#answer(keyOf(kind, sourceIp(quoted), destinationIp(quoted), quoted.dstPort), 'rst', timeMs);
    }
  }

  #answer(key: number, answer: ProbeAnswer, timeMs: number): void {
    const probe = this.#waiting.get(key);
    if (probe !== undefined) this.#tell(key, probe, answer, Math.max(timeMs, probe.timeMs));
  }

  #tell(key: number, probe: Waiting, answer: ProbeAnswer, timeMs: number): void {
    this.#waiting.delete(key);
    this.#waitingOf[probe.probe] -= 1;
    const ends = hashEnds(probe.source.w3, probe.target.w3, probe.port);
    this.#ends[ends] = (this.#ends[ends] as number) - 1;
    this.#options.onProbe({
      kind: 'probe',
      ...probe,
      answer,
      timeMs: Number.isFinite(timeMs) ? timeMs : probe.timeMs,
    });
  }

  #remember(key: number): void {
    if (this.#seen.isFull) {
      [this.#seen, this.#seenBefore] = [this.#seenBefore, this.#seen];
      this.#seen.clear();
    }
    this.#seen.add(key);
  }
}

function hashEnds(source: number, target: number, port: number): number {
  return mix32(Math.imul(source, 0x9e3779b1) + Math.imul(target, 0x85ebca77) + port) & (END_HASHES - 1);
}

/** Two hashes in one number: of 2^53 values two are the same by chance alone, and rarely. */
function keyOf(kind: ProbeKind, source: IpAddress, target: IpAddress, port: number): number {
  const what = mix32(port * 8 + SALT[kind]);
  const high = hashIp(source, hashIp(target, what));
  const low = hashIp(target, hashIp(source, ~what));
  return high * 2 ** 21 + (low >>> 11);
}
