/** Conversations of every protocol read over TCP, small enough to be cut at every byte. */

import { createFlowTable } from '../../src/capture/replay/flow-table.ts';
import type { HeaderField, Side } from '../../src/model/conversation.ts';
import type { ConnectionEvent, ContentEvent } from '../../src/model/event.ts';
import { createPacketDecoder } from '../../src/net/packet/decode.ts';
import { createContents } from '../../src/pipeline/contents.ts';
import { FRAME } from '../../src/protocols/http2/frames.ts';
import { message as dns, name, QUERY, v4 } from '../protocols/dns/encode.ts';
import {
  endHeaders,
  endStream,
  frame,
  insertingBlock,
  join,
  message,
  opening,
  request,
  settings,
  settingsAck,
  status,
} from '../protocols/http2/frame-builder.ts';
import { alpn, helloMessage, records, sni, versions } from '../protocols/tls/hello-bytes.ts';
import { batchOf, type TimedPacket } from '../support/capture-files.ts';
import { type Bytes, concat, text } from '../support/packets.ts';
import { tcpScript } from '../support/tcp-script.ts';

export type Turn = readonly [Side, Bytes];

export interface Tale {
  readonly name: string;
  readonly serverPort: number;
  readonly turns: readonly Turn[];
  /** Events that it has when nothing is missing. */
  readonly events: number;
}

export const EXCHANGES = 4;
/** The n-th exchange has this status: an answer that was given to another request shows. */
export const statusOf = (n: number): number => 200 + n;

const http1: Turn[] = Array.from({ length: EXCHANGES }, (_, n): Turn[] => {
  const body = 'b'.repeat(n + 1);
  const head = `HTTP/1.1 ${statusOf(n)} OK\r\nX-Answer: ${n}\r\n`;
  const sized = `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  return [
    ['client', text(`GET /${n} HTTP/1.1\r\nHost: example.com\r\nX-Ask: ${n}\r\n\r\n`)],
    ['server', text(n % 2 === 0 ? sized : chunked)],
  ];
}).flat();

const heads = (id: number, fields: readonly HeaderField[], flags: number): Uint8Array =>
  frame(FRAME.headers, flags, id, insertingBlock(fields));

/** All fields go into the tables: who misses one block must not guess what later ones refer to. */
function http2Turns(from: number): Turn[] {
  const turns: Turn[] = [];
  for (let n = from; n < EXCHANGES; n++) {
    const id = 2 * n + 1;
    turns.push(['client', heads(id, request(`/${n}`, ['x-ask', String(n)]), endHeaders | endStream)]);
    const body = frame(FRAME.data, endStream, id, new Uint8Array(n + 1));
    turns.push(['server', join(heads(id, status(statusOf(n), ['x-answer', String(n)]), endHeaders), body)]);
  }
  return turns;
}

const openings: Turn[] = [
  ['client', opening()],
  ['server', join(settings(), settingsAck())],
  ['client', settingsAck()],
];

const grpc: Turn[] = Array.from({ length: EXCHANGES }, (_, n): Turn[] => {
  const id = 2 * n + 1;
  const type: HeaderField = ['content-type', 'application/grpc'];
  const asked = join(
    heads(id, [[':method', 'POST'], ...request(`/shop.Orders/Get${n}`, type).slice(1)], endHeaders),
    frame(FRAME.data, endStream, id, message(n)),
  );
  const answered = join(
    heads(id, status(200, type), endHeaders),
    frame(FRAME.data, 0, id, message(2)),
    heads(id, [['grpc-status', String(n)]], endHeaders | endStream),
  );
  return [
    ['client', asked],
    ['server', answered],
  ];
}).flat();

/** HTTP/1 that becomes HTTP/2: the first request is answered on stream 1. */
const upgrade: Turn[] = [
  [
    'client',
    text(
      'GET /0 HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    ),
  ],
  ['server', text('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')],
  ['server', join(settings(), heads(1, status(statusOf(0)), endHeaders | endStream))],
  ['client', opening()],
  ...http2Turns(1),
];

const dnsTurns: Turn[] = Array.from({ length: EXCHANGES }, (_, n): Turn[] => {
  const framed = (bytes: Bytes): Bytes => concat(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes);
  const questions = [{ name: name(`n${n}.example.com`), type: 1 }];
  const answers = [{ name: name(`n${n}.example.com`), type: 1, data: v4(`192.0.2.${n + 1}`) }];
  return [
    ['client', framed(dns({ id: n, flags: QUERY, questions }))],
    ['server', framed(dns({ id: n, questions, answers }))],
  ];
}).flat();

const hello = records(
  helloMessage({ extensions: [sni('www.example.com'), alpn('h2'), versions(0x0304, 0x0303)] }),
  60,
);

export const TALES: readonly Tale[] = [
  { name: 'HTTP/1', serverPort: 80, turns: http1, events: EXCHANGES },
  {
    name: 'HTTP/2 by prior knowledge',
    serverPort: 8000,
    turns: [...openings, ...http2Turns(0)],
    events: EXCHANGES,
  },
  // The request that asked for the change is told twice: as upgraded, and with its answer.
  { name: 'HTTP/2 by upgrade', serverPort: 80, turns: upgrade, events: EXCHANGES + 1 },
  { name: 'gRPC', serverPort: 50_051, turns: [...openings, ...grpc], events: EXCHANGES },
  { name: 'DNS over TCP', serverPort: 53, turns: dnsTurns, events: EXCHANGES },
  {
    name: 'TLS',
    serverPort: 443,
    turns: [
      ['client', hello],
      ['server', Uint8Array.of(22, 3, 3, 0, 1, 2)],
    ],
    events: 1,
  },
];

/** The whole way of a replay: packets, flows, reassembly, decoders. */
export function replayed(packets: readonly TimedPacket[]): ContentEvent[] {
  const events: ContentEvent[] = [];
  const contents = createContents((event) => events.push(event));
  const decoder = createPacketDecoder();
  const flows = createFlowTable({
    isInternal: () => false,
    onConnection: (_event: ConnectionEvent) => {},
    openStream: (facts) => contents.openStream(facts),
    onDatagram: (facts, side, bytes, timeMs) => contents.datagram(facts, side, bytes, timeMs),
  });
  const batch = batchOf(packets);
  for (let index = 0; index < batch.count; index++) {
    if (decoder.decode(batch, index)) flows.packet(decoder.view);
  }
  flows.finish();
  contents.finish(flows.nowMs);
  return events;
}

/** A connection of these turns; `acknowledge`: each segment is, by the other side. All at one time. */
export function packetsOf(serverPort: number, turns: readonly Turn[], acknowledge = true): TimedPacket[] {
  const script = tcpScript({ serverPort });
  script.handshake();
  for (const [side, bytes] of turns) {
    script.say(side, 'PA', bytes);
    if (acknowledge) script.say(side === 'client' ? 'server' : 'client', 'A');
  }
  script.close();
  const [first] = script.packets;
  return script.packets.map((packet) => ({ ...packet, timeNs: first?.timeNs ?? 0n }));
}
