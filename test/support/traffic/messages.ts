/** What the conversations say. */
import type { HeaderField } from '../../../src/model/conversation.ts';
import { FRAME } from '../../../src/protocols/http2/frames.ts';
import {
  message as dns,
  fromHex,
  name,
  opt,
  pointer,
  QUERY,
  RESPONSE,
  v4,
} from '../../protocols/dns/encode.ts';
import {
  endHeaders,
  endStream,
  frame,
  join,
  message,
  opening,
  settings,
  settingsAck,
} from '../../protocols/http2/frame-builder.ts';
import { createHpackEncoder, type HpackEncoder, literalString } from '../../protocols/http2/hpack-encoder.ts';
import { chromeHello, records } from '../../protocols/tls/hello-bytes.ts';
import type { Bytes } from '../packets.ts';
import { quicInitial } from '../quic-initial.ts';
import type { Speaker } from '../tcp-script.ts';
import { createRandom } from './random.ts';

/** Id of the messages, and the name that they are about. */
export const QUESTION = { id: 0xbeef, name: 'api-@@@@@@.example.com' } as const;

const ASKED = name(QUESTION.name);
const ALIAS_AT = 12 + ASKED.length + 4 + 12;
const IPV6 = fromHex('20010db8000100000000000000000002');

/** A query, or an answer: an alias and two addresses, or NXDOMAIN. */
export function dnsMessage(kind: 'query' | 'query6' | 'answer' | 'answer6' | 'none'): Bytes {
  const { id } = QUESTION;
  const type = kind.endsWith('6') ? 28 : 1;
  const questions = [{ name: ASKED, type }];
  if (kind.startsWith('query')) return dns({ id, flags: QUERY, questions, additionals: [opt()] });
  if (kind === 'none') {
    const soa = [
      ...name('ns', pointer(12 + 11)),
      ...name('root', pointer(12 + 11)),
      ...Array.from({ length: 20 }, () => 1),
    ];
    const authorities = [{ name: pointer(12 + 11), type: 6, data: soa }];
    return dns({ id, flags: RESPONSE | 3, questions, authorities, additionals: [opt()] });
  }
  const addresses = type === 28 ? [IPV6] : [v4('198.51.100.2'), v4('198.51.100.3')];
  const answers = [
    { name: pointer(12), type: 5, data: name('edge', pointer(12 + 11)) },
    ...addresses.map((data) => ({ name: pointer(ALIAS_AT), type, ttl: 60, data })),
  ];
  return dns({ id, questions, answers, additionals: [opt()] });
}

/** The ClientHello of a browser. */
export const tlsHello = (): Bytes => records(chromeHello('www-@@@@@@.example.com'));
/** Encrypted: every conversation has the same name. */
export function quicHello(): Bytes {
  const dcid = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1);
  const [datagram] = quicInitial({ hello: Uint8Array.from(chromeHello('quic.example.com')), dcid });
  if (datagram === undefined) throw new Error('a hello takes a datagram');
  return datagram;
}

/** A ServerHello and what is encrypted behind it. */
export function serverFlight(): Bytes {
  const hello = records([2, 0, 0, 118, 3, 3, ...Array.from({ length: 116 }, (_, i) => (i * 31) & 255)]);
  return join(hello, applicationData(3500));
}

/** Encrypted records. */
export function applicationData(length: number): Bytes {
  const all: number[] = [];
  for (let left = length; left > 0; left -= 16_000) {
    const size = Math.min(left, 16_000);
    all.push(23, 3, 3, size >> 8, size & 255, ...Array.from({ length: size }, (_, i) => (i * 89 + 7) & 255));
  }
  return Uint8Array.from(all);
}

type Turn = readonly [Speaker, Bytes];

const AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';

/** A block whose path is a literal without Huffman code, so that a number can be put into it. */
function requestBlock(
  encoder: HpackEncoder,
  method: string,
  path: string,
  more: readonly HeaderField[],
): number[] {
  const before: HeaderField[] = [
    [':method', method],
    [':scheme', 'http'],
    [':authority', 'api.example.com'],
  ];
  return [...encoder.encode(before), 0x04, ...literalString(path, false), ...encoder.encode(more)];
}

function coders(): { client: HpackEncoder; server: HpackEncoder } {
  const random = createRandom(2);
  return { client: createHpackEncoder(random.below), server: createHpackEncoder(random.below) };
}

/** Twelve requests, four at a time, answered out of order. */
export function http2Talk(): Turn[] {
  const { client, server } = coders();
  const turns: Turn[] = [
    ['client', opening()],
    ['server', join(settings([3, 100]), settingsAck())],
    ['client', settingsAck()],
  ];
  for (let group = 0; group < 3; group++) {
    const ids = [0, 1, 2, 3].map((i) => 1 + 2 * (4 * group + i));
    const asked = ids.map((id) => {
      const fields: HeaderField[] = [
        ['user-agent', AGENT],
        ['accept', '*/*'],
        ['accept-encoding', 'gzip, deflate, br'],
        ['x-request-id', `made-up-${id}`],
      ];
      const block = requestBlock(client, 'GET', `/items/@@@@@@/${id}`, fields);
      return frame(FRAME.headers, endHeaders | endStream, id, block);
    });
    turns.push(['client', join(...asked)]);
    const answered = [...ids].reverse().flatMap((id) => {
      const fields: HeaderField[] = [
        [':status', id % 5 === 0 ? '404' : '200'],
        ['content-type', 'application/json'],
        ['cache-control', 'no-store'],
        ['etag', `"made-up-${id}"`],
      ];
      const head = frame(FRAME.headers, endHeaders, id, server.encode(fields));
      return [head, frame(FRAME.data, endStream, id, new Uint8Array(900))];
    });
    turns.push(['server', join(...answered)]);
  }
  return turns;
}

/** Eight calls, and one whose answer is a stream. */
export function grpcTalk(): Turn[] {
  const { client, server } = coders();
  const turns: Turn[] = [
    ['client', opening()],
    ['server', join(settings(), settingsAck())],
  ];
  for (let call = 0; call < 9; call++) {
    const id = 1 + 2 * call;
    const fields: HeaderField[] = [
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['user-agent', 'grpc-node-js/1.14.0'],
      ['grpc-timeout', '5S'],
    ];
    const method = call === 8 ? 'Watch' : 'Get';
    const block = requestBlock(client, 'POST', `/shop.Orders@@@@@@/${method}`, fields);
    const head = frame(FRAME.headers, endHeaders, id, block);
    turns.push(['client', join(head, frame(FRAME.data, endStream, id, message(120)))]);
    const begin = server.encode([
      [':status', '200'],
      ['content-type', 'application/grpc'],
    ]);
    const answers = Array.from({ length: call === 8 ? 20 : 1 }, () => frame(FRAME.data, 0, id, message(700)));
    const trailers = server.encode([
      ['grpc-status', call === 3 ? '5' : '0'],
      ['grpc-message', ''],
    ]);
    const last = frame(FRAME.headers, endHeaders | endStream, id, trailers);
    turns.push(['server', join(frame(FRAME.headers, endHeaders, id, begin), ...answers, last)]);
  }
  return turns;
}
