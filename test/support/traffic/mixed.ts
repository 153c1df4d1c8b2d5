import { BEGIN_NS, pcapHeader, pcapRecord } from '../capture-files.ts';
import { address, type Bytes, concat, fields } from '../packets.ts';
import { CLIENT, conversations, NUMBER_MARK, QUESTION } from './conversations.ts';
import { createRandom, type Random } from './random.ts';

/** Conversations that are under way at one time. */
const AT_ONCE = 1000;
/** Packets of one conversation come in trains, of so many on average. */
const TRAIN = 4;
const US_PER_PACKET = 20;
/** One packet of so many is lost to the capture, comes late, or comes twice. */
const ODDS_OF_TROUBLE = 600;
const CHUNK_BYTES = 1 << 20;
/** Addresses and ports of the headers are in front of this, also inside a tunnel. */
const HEADERS_END = 150;
const PATTERN = {
  ipv4: address(CLIENT.ipv4),
  ipv6: address(CLIENT.ipv6),
  port: fields([16, CLIENT.port]),
  id: fields([16, QUESTION.id]),
} as const;

/** A record of a capture and where in it what differs between two conversations of a kind stands. */
interface Template {
  readonly record: Bytes;
  readonly hosts: readonly number[];
  readonly hosts6: readonly number[];
  readonly ports: readonly number[];
  readonly ids: readonly number[];
  readonly numbers: readonly number[];
}

interface Kind {
  readonly templates: readonly Template[];
  readonly isTcp: boolean;
}

interface Running {
  readonly kind: Kind;
  readonly number: number;
  /** Indexes of the templates still to come, the next one last. */
  readonly left: number[];
}

/**
 * A classic pcap of `count` packets of many conversations at once, in pieces; any count in little memory, the same in
 * every run.
 */
export function* mixedTraffic(count: number): Generator<Bytes, void> {
  const random = createRandom(1);
  const choose = chooser(random);
  let started = 0;
  const start = (): Running => begin(choose(), started++, random);
  const running = Array.from({ length: AT_ONCE }, start);
  yield pcapHeader();
  let chunk = new Uint8Array(CHUNK_BYTES);
  let used = 0;
  let slot = 0;
  for (let packet = 0; packet < count; packet++) {
    if (random.below(TRAIN) === 0) slot = random.below(AT_ONCE);
    if (running[slot]?.left.length === 0) running[slot] = start();
    const { kind, number, left } = running[slot] as Running;
    const template = kind.templates[left.pop() ?? 0] as Template;
    if (used + template.record.length > CHUNK_BYTES) {
      yield chunk.subarray(0, used);
      chunk = new Uint8Array(CHUNK_BYTES);
      used = 0;
    }
    chunk.set(template.record, used);
    personalise(chunk, used, { template, number, us: packet * US_PER_PACKET });
    used += template.record.length;
  }
  yield chunk.subarray(0, used);
}

/** Kinds by chance, each as often as its weight says. */
function chooser(random: Random): () => Kind {
  const bag = conversations().flatMap(({ weight, packets, name }) => {
    const templates = packets.map((packet) => templateOf(pcapRecord(packet)));
    const kind = { templates, isTcp: /HTTP|TLS|TCP|gRPC/.test(name) };
    return Array.from({ length: weight }, () => kind);
  });
  return () => bag[random.below(bag.length)] as Kind;
}

function begin(kind: Kind, number: number, random: Random): Running {
  const left: number[] = [];
  for (let index = 0; index < kind.templates.length; index++) {
    const trouble = kind.isTcp && index > 3 ? random.below(ODDS_OF_TROUBLE * 3) : 3 * ODDS_OF_TROUBLE;
    if (trouble === 0) continue;
    left.push(index);
    if (trouble === 1) left.push(index);
    if (trouble === 2) left.splice(-2, 2, index, left.at(-2) ?? index);
  }
  return { kind, number, left: left.reverse() };
}

function templateOf(record: Bytes): Template {
  const header = record.subarray(0, HEADERS_END);
  return {
    record,
    hosts: placesOf(PATTERN.ipv4, header),
    hosts6: placesOf(PATTERN.ipv6, header),
    ports: placesOf(PATTERN.port, header),
    ids: placesOf(PATTERN.id, header),
    numbers: placesOf(NUMBER_MARK, record),
  };
}

function placesOf(pattern: Bytes, bytes: Bytes): number[] {
  const places: number[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = buffer.indexOf(pattern); at >= 0; at = buffer.indexOf(pattern, at + 1)) places.push(at);
  return places;
}

const HOSTS = 250;
const FIRST_PORT = 1024;
const PORTS = 64_000;
const BEGIN_S = Number(BEGIN_NS / 1_000_000_000n);

/** Time, client and names of one conversation; `number` tells it from all others. */
function personalise(
  bytes: Bytes,
  base: number,
  { template, number, us }: { template: Template; number: number; us: number },
): void {
  const host = 1 + (number % HOSTS);
  const port = FIRST_PORT + (Math.floor(number / HOSTS) % PORTS);
  putLittle(bytes, base, BEGIN_S + Math.floor(us / 1e6));
  putLittle(bytes, base + 4, us % 1e6);
  for (const at of template.hosts) bytes[base + at + 3] = host;
  for (const at of template.hosts6) bytes[base + at + 15] = host;
  for (const at of template.ports) putBig16(bytes, base + at, port);
  for (const at of template.ids) putBig16(bytes, base + at, (number * 40_503) & 0xffff);
  for (const at of template.numbers) {
    for (let digit = 5, rest = number; digit >= 0; digit--, rest = Math.floor(rest / 10)) {
      bytes[base + at + digit] = 48 + (rest % 10);
    }
  }
}

function putLittle(bytes: Bytes, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = (value >>> (8 * i)) & 255;
}

function putBig16(bytes: Bytes, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 255;
}

/** The same in one piece, for as many packets as fit into memory. */
export function mixedCapture(count: number): Bytes {
  return concat(...mixedTraffic(count));
}
