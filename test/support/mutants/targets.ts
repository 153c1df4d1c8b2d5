/** Every parser of foreign bytes, something well-formed for it to read, and a way to feed it what became of that. */
import type { Side, StreamConsumer } from '../../../src/model/conversation.ts';
import { quicCrypto } from '../../../src/pipeline/quic-crypto.ts';
import { createDnsDecoder } from '../../../src/protocols/dns/decoder.ts';
import { createDnsPairing } from '../../../src/protocols/dns/pairing.ts';
import { parseDnsMessage } from '../../../src/protocols/dns/parse-message.ts';
import { createDnsTcpCounters, createDnsTcpStream } from '../../../src/protocols/dns/tcp-stream.ts';
import { createHttp1Conversation } from '../../../src/protocols/http1/conversation.ts';
import { createHttp2Conversation } from '../../../src/protocols/http2/conversation.ts';
import { createHpackDecoder } from '../../../src/protocols/http2/hpack.ts';
import { createQuicHelloReader, type QuicCrypto } from '../../../src/protocols/quic/hello-reader.ts';
import { createStreamRouter } from '../../../src/protocols/router.ts';
import { createTlsHelloReader } from '../../../src/protocols/tls/hello-reader.ts';
import { usualResponse } from '../../protocols/dns/encode.ts';
import { createHpackEncoder } from '../../protocols/http2/hpack-encoder.ts';
import { openCrypto } from '../../protocols/quic/read-flight.ts';
import { type Bytes, concat, text } from '../packets.ts';
import { cryptoFrame, initialPacket, quicInitial } from '../quic-initial.ts';
import { dnsMessage, grpcTalk, http2Talk, tlsHello } from '../traffic/messages.ts';
import { createRandom, type Random } from '../traffic/random.ts';
import { captureTargets } from './capture-targets.ts';

/** Lives for some mutants. Both must return, whatever the bytes. */
export interface Parser {
  feed(bytes: Bytes, random: Random): void;
  end?(): void;
}

export interface Target {
  readonly name: string;
  readonly seeds: readonly Bytes[];
  readonly open: () => Parser;
  /** What one parser may hold after its mutants, bytes. */
  readonly maxRetained: number;
}

const KIB = 1024;

/** The bytes in pieces of any size, from either side, with a loss now and then. */
function feedStream(consumer: StreamConsumer, bytes: Bytes, random: Random): void {
  const side: Side = random.below(2) === 0 ? 'client' : 'server';
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(random.below(3) === 0 ? 8 : 2000));
    if (random.below(200) === 0) consumer.gap(side, random.below(2) * (end - at), random.below(4) === 0, 0);
    else consumer.data(side, bytes.subarray(at, end), 0);
    at = end;
  }
}

const requests = [
  'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n',
  'POST /a?b=c HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: x\r\n\r\n',
  'GET /up HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc',
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n',
  'HTTP/1.0 200 OK\r\nContent-Length: 10\r\nX: folded\r\n value\r\n\r\n0123456789HTTP/1.1 304 Not Modified\r\n\r\n',
  'CONNECT example.com:443 HTTP/1.1\nHost: example.com\n\n',
].map(text);

const bothSides = (turns: readonly (readonly [Side, Bytes])[]): Bytes[] =>
  (['client', 'server'] as const).map((side) =>
    concat(...turns.flatMap(([from, bytes]) => (from === side ? [bytes] : []))),
  );

const dnsMessages = [
  dnsMessage('query'),
  dnsMessage('answer'),
  dnsMessage('answer6'),
  dnsMessage('none'),
  usualResponse(),
];
const framed = dnsMessages.map((bytes) =>
  concat(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes),
);
/** Long bodies would make few cases of much work. */
const http2Seeds = [...bothSides(http2Talk()), ...bothSides(grpcTalk())].map((bytes) => bytes.slice(0, 3000));

function headerBlocks(): Bytes[] {
  const encoder = createHpackEncoder(createRandom(3).below);
  return Array.from({ length: 20 }, (_, i) =>
    encoder.encode([
      [':method', 'GET'],
      [':path', `/${i}`],
      ['user-agent', 'made-up/1.0'],
      ['x-id', String(i * 7919)],
    ]),
  );
}

const onStream = (
  name: string,
  seeds: readonly Bytes[],
  open: () => StreamConsumer,
  maxRetained: number,
): Target => ({
  name,
  seeds,
  maxRetained,
  open: () => {
    const consumer = open();
    return {
      feed: (bytes, random) => feedStream(consumer, bytes, random),
      end: () => consumer.end(0, false),
    };
  },
});

const ignore = (): void => {};

/** Protected, hardly a mutant is authentic: frames are reached where every packet is taken for that. */
function quicTarget(name: string, crypto: QuicCrypto, keys: 'client' | 'none'): Target {
  const dcid = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const hello = tlsHello().subarray(5);
  const halves = [0, 300].map((from, number) => {
    const frames = cryptoFrame(from, hello.subarray(from, from === 0 ? 310 : undefined));
    return initialPacket({ dcid, number, frames, keys, size: 700 });
  });
  const flights = (['1', '2'] as const).flatMap((version) => quicInitial({ hello, dcid, version, keys }));
  return {
    name,
    seeds: [...flights, concat(...halves), concat(halves[1] ?? dcid, ...flights)],
    maxRetained: 512 * KIB,
    open: () => {
      const reader = createQuicHelloReader<number>({ crypto, keyOf: String, onHello: ignore });
      let timeMs = 0;
      return {
        feed(bytes, random) {
          timeMs += random.below(2000);
          reader.datagram(random.below(3), bytes, timeMs);
          if (random.below(8) === 0) reader.tick(timeMs);
        },
        end: reader.end.bind(reader),
      };
    },
  };
}

export const TARGETS: readonly Target[] = [
  {
    name: 'DNS messages',
    seeds: dnsMessages,
    maxRetained: 64 * KIB,
    open: () => {
      const decoder = createDnsDecoder();
      const pairing = createDnsPairing<number>({ keyOf: (key) => key, onResult: ignore });
      return {
        feed(bytes, random) {
          parseDnsMessage(bytes, 0, bytes.length);
          const message = decoder.decode(bytes, 0, bytes.length);
          if (message !== undefined)
            pairing.message(random.below(4), random.below(2) ? 'client' : 'server', message, 0);
        },
      };
    },
  },
  onStream(
    'DNS over TCP',
    framed,
    () =>
      createDnsTcpStream({
        decoder: createDnsDecoder(),
        counters: createDnsTcpCounters(),
        onMessage: ignore,
      }),
    256 * KIB,
  ),
  onStream(
    'HTTP/1',
    requests,
    () =>
      createHttp1Conversation({
        onExchange: ignore,
        onUpgrade: () => createHttp2Conversation({ onExchange: ignore }),
      }),
    2048 * KIB,
  ),
  onStream('HTTP/2', http2Seeds, () => createHttp2Conversation({ onExchange: ignore }), 2048 * KIB),
  {
    name: 'HPACK',
    seeds: headerBlocks(),
    maxRetained: 256 * KIB,
    open: () => {
      const decoder = createHpackDecoder();
      decoder.begin();
      return { feed: (bytes) => void decoder.decode(bytes, 0, bytes.length) };
    },
  },
  onStream(
    'TLS',
    [tlsHello(), tlsHello().slice(0, 200)],
    () => createTlsHelloReader({ onHello: ignore }),
    128 * KIB,
  ),
  quicTarget('QUIC', quicCrypto, 'client'),
  quicTarget('QUIC frames', openCrypto, 'none'),
  onStream(
    'any stream',
    [...requests, ...http2Seeds, tlsHello()],
    () =>
      createStreamRouter(80, (protocol) =>
        protocol === 'http1' ? createHttp1Conversation({ onExchange: ignore }) : undefined,
      ),
    256 * KIB,
  ),
  ...captureTargets(),
];
