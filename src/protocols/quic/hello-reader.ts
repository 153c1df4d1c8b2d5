import type { TlsFacts } from '../../model/conversation.ts';
import { hexText } from '../dns/ascii.ts';
import { parseClientHello } from '../tls/client-hello.ts';
import { tlsFacts } from '../tls/facts.ts';
import { createFlight, type Flight, FlightTable } from './flight-table.ts';
import { readFrames } from './frames.ts';
import { isQuicInitial, type LongPacket, type QuicVersion, readLongPacket } from './initial.ts';
import { clientKeys, type QuicCrypto } from './keys.ts';
import { openPacket } from './open-packet.ts';

export type { QuicCrypto } from './keys.ts';

const HANDSHAKE_HEADER_BYTES = 4;
const MAX_FLIGHTS = 4096;
/** Parts of hellos, all together. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** How long a first flight may take, and how long what was read is remembered. */
const LIFETIME_MS = 10_000;
/** Of one datagram, which may be 64 KiB of several that were sent at once. */
const MAX_PACKETS = 64;
const DIGEST_KEY = new Uint8Array(32);

/**
 * Why there is no hello. `malformed`: an authentic packet, or the hello in it, makes no sense. `too-large`: more than
 * 64 KiB, or in more than 256 pieces. `cut`: it never became whole. `evicted`: too many others had begun.
 */
export type QuicFault = 'malformed' | 'too-large' | 'cut' | 'evicted';

export interface QuicCounters {
  hellos: number;
  /**
   * Connection ids that say nothing of the keys: ordinary, since a client goes on under the one that its server chose.
   */
  unauthentic: number;
  readonly failures: Record<QuicFault, number>;
}

export function createQuicCounters(): QuicCounters {
  return { hellos: 0, unauthentic: 0, failures: { malformed: 0, 'too-large': 0, cut: 0, evicted: 0 } };
}

export interface QuicHelloReaderOptions<C> {
  readonly crypto: QuicCrypto;
  /** Tells conversations apart (socket and peer). */
  keyOf(conversation: C): string;
  /** `timeMs` is that of the datagram that made the hello whole. */
  onHello(tls: TlsFacts, conversation: C, timeMs: number): void;
  readonly counters?: QuicCounters;
}

export interface QuicHelloReader<C> {
  /** A client's datagram; `bytes` may be reused after the call. */
  datagram(conversation: C, bytes: Uint8Array, timeMs: number): void;
  /** Gives up first flights older than 10 s. */
  tick(nowMs: number): void;
  /** Nothing more will come. */
  end(): void;
  readonly counters: QuicCounters;
}

/**
 * Reads the ClientHellos of many conversations out of their first Initial packets (RFC 9001 5.2), once for each
 * connection, whatever is sent again.
 */
export function createQuicHelloReader<C>(options: QuicHelloReaderOptions<C>): QuicHelloReader<C> {
  return new HelloReader(options);
}

class HelloReader<C> implements QuicHelloReader<C> {
  readonly counters: QuicCounters;
  readonly #options: QuicHelloReaderOptions<C>;
  readonly #flights = new FlightTable(MAX_FLIGHTS);

  constructor(options: QuicHelloReaderOptions<C>) {
    this.#options = options;
    this.counters = options.counters ?? createQuicCounters();
  }

  datagram(conversation: C, bytes: Uint8Array, timeMs: number): void {
    if (!isQuicInitial(bytes, 0, bytes.length)) return;
    const first = readLongPacket(bytes, 0);
    if (first === undefined) return;
    this.tick(timeMs);
    const flight = this.#flightOf(this.#options.keyOf(conversation), bytes, first, timeMs);
    const outcome = this.#readPackets(flight, bytes, first);
    if (outcome instanceof Uint8Array) {
      const facts = this.#finish(flight, outcome, first.version, timeMs);
      if (facts !== undefined) this.#options.onHello(facts, conversation, timeMs);
    } else if (outcome !== undefined) this.#fail(flight, outcome, timeMs);
    else if (flight.isAuthentic && flight.keys !== undefined) this.#hold(flight, timeMs);
    else this.#flights.touch(flight, timeMs);
  }

  tick(nowMs: number): void {
    const flights = this.#flights;
    for (let old = flights.oldestOther; isOver(old, nowMs); old = flights.oldestOther) flights.remove(old);
    for (let old = flights.oldestHolding; isOver(old, nowMs); old = flights.oldestHolding) this.#giveUp(old);
  }

  end(): void {
    const flights = this.#flights;
    for (let old = flights.oldestHolding; old !== undefined; old = flights.oldestHolding) this.#giveUp(old);
    flights.clear();
  }

  #flightOf(peer: string, bytes: Uint8Array, packet: LongPacket, timeMs: number): Flight {
    const { version, idAt, idEnd } = packet;
    const key = `${peer} ${version}${hexText(bytes, idAt, idEnd)}`;
    const known = this.#flights.get(key);
    if (known !== undefined) return known;
    const keys = clientKeys(this.#options.crypto, version, bytes.subarray(idAt, idEnd));
    const flight = createFlight(key, peer, keys, timeMs);
    this.#makeRoom();
    this.#flights.add(flight);
    return flight;
  }

  #makeRoom(): void {
    if (!this.#flights.isFull) return;
    const { oldestOther, oldestHolding } = this.#flights;
    if (oldestOther !== undefined) this.#flights.remove(oldestOther);
    else if (oldestHolding !== undefined) {
      this.#flights.remove(oldestHolding);
      this.counters.failures.evicted++;
    }
  }

  /** The hello or why there is none, once that is known. */
  #readPackets(flight: Flight, bytes: Uint8Array, first: LongPacket): Uint8Array | QuicFault | undefined {
    let packet: LongPacket | undefined = first;
    for (let left = MAX_PACKETS; left > 0 && packet !== undefined; left--) {
      if (flight.keys === undefined) break;
      const outcome = isOfSameFlight(bytes, first, packet)
        ? this.#readPacket(flight, bytes, packet)
        : undefined;
      if (outcome !== undefined) return outcome;
      packet = readLongPacket(bytes, packet.end);
    }
    return undefined;
  }

  #readPacket(flight: Flight, bytes: Uint8Array, packet: LongPacket): Uint8Array | QuicFault | undefined {
    const { keys, pieces } = flight;
    if (keys === undefined) return undefined;
    const frames = openPacket(this.#options.crypto, keys, bytes, packet);
    if (frames === undefined) {
      if (!flight.hasForeign && !flight.isAuthentic) this.counters.unauthentic++;
      flight.hasForeign = true;
      return undefined;
    }
    flight.isAuthentic = true;
    return readFrames(frames, pieces.add) ? pieces.read() : 'malformed';
  }

  /** What the hello says; undefined when that was told before, or makes no sense. */
  #finish(flight: Flight, hello: Uint8Array, version: QuicVersion, timeMs: number): TlsFacts | undefined {
    const parsed = parseClientHello(hello, HANDSHAKE_HEADER_BYTES, hello.length);
    if (parsed === undefined) {
      this.#fail(flight, 'malformed', timeMs);
      return undefined;
    }
    const digest = this.#options.crypto.hmacSha256(DIGEST_KEY, hello);
    const last = this.#flights.lastRead(flight.peer)?.digest;
    this.#flights.close(flight, timeMs, digest);
    // After a Retry the same hello comes again under another connection id (RFC 9000 17.2.5.3).
    if (last !== undefined && isEqual(last, digest)) return undefined;
    this.counters.hellos++;
    return tlsFacts(parsed, version);
  }

  #fail(flight: Flight, fault: QuicFault, timeMs: number): void {
    this.counters.failures[fault]++;
    this.#flights.close(flight, timeMs);
  }

  #hold(flight: Flight, timeMs: number): void {
    const flights = this.#flights;
    flights.hold(flight, timeMs);
    for (let old = flights.oldestHolding; flights.heldBytes > MAX_HELD_BYTES; old = flights.oldestHolding) {
      if (old === undefined) return;
      this.#fail(old, 'evicted', timeMs);
    }
  }

  /** The rest of it did not come: no loss when the client began anew and was read then, as after a Retry. */
  #giveUp(flight: Flight): void {
    const read = this.#flights.lastRead(flight.peer);
    if (read === undefined || read.beganMs < flight.beganMs) this.counters.failures.cut++;
    this.#flights.remove(flight);
  }
}

/** Either way: clocks are set back. */
function isOver(flight: Flight | undefined, nowMs: number): flight is Flight {
  return flight !== undefined && Math.abs(nowMs - flight.sinceMs) >= LIFETIME_MS;
}

/** Packets under another id than that of the first are not for the same connection, and ignored (RFC 9000 12.2). */
function isOfSameFlight(bytes: Uint8Array, first: LongPacket, packet: LongPacket): boolean {
  const idBytes = packet.idEnd - packet.idAt;
  if (!packet.isInitial || packet.version !== first.version) return false;
  if (packet.at === first.at) return true;
  if (idBytes !== first.idEnd - first.idAt) return false;
  for (let i = 0; i < idBytes; i++) {
    if (bytes[packet.idAt + i] !== bytes[first.idAt + i]) return false;
  }
  return true;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
