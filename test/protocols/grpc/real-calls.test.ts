import { once } from 'node:events';
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GrpcFacts } from '../../../src/model/conversation.ts';
import { createHttp2Conversation } from '../../../src/protocols/http2/conversation.ts';
import { cut, dice, feed, type Piece } from '../http1/stream-pieces.ts';
import { type Tap, tap } from '../http1/tapped.ts';

const identity = (value: Buffer): Buffer => value;
const kind = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.v1.Echo/${path}`,
  requestStream,
  responseStream,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});
const service = {
  Unary: kind('Unary', false, false),
  Up: kind('Up', true, false),
  Down: kind('Down', false, true),
  Both: kind('Both', true, true),
};

type Callback = (error: Error | null, value?: Buffer) => void;
interface EchoClient extends Client {
  Unary(value: Buffer, metadata: Metadata, done: Callback): unknown;
  Up(done: Callback): NodeJS.WritableStream;
  Down(value: Buffer): ClientReadableStream<Buffer>;
  Both(): ClientDuplexStream<Buffer, Buffer>;
}

const server = new Server();
let proxy: Tap;
let client: EchoClient;

beforeAll(async () => {
  server.addService(service, {
    Unary: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      if (call.request.toString() === 'fail')
        done({ code: status.NOT_FOUND, details: 'no such thing: 100% é' });
      else done(null, call.request);
    },
    Up: (call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      call.on('data', () => {});
      call.on('end', () => done(null, Buffer.alloc(9)));
    },
    Down: (call: ServerWritableStream<Buffer, Buffer>) => {
      for (let i = Number(call.request.toString()); i > 0; i--) call.write(Buffer.alloc(i * 700));
      call.end();
    },
    Both: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (value: Buffer) => call.write(value));
      call.on('end', () => call.end());
      call.on('error', () => {});
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  proxy = await tap(port);
  const Constructor = makeGenericClientConstructor(service, 'Echo');
  client = new Constructor(`127.0.0.1:${proxy.port}`, credentials.createInsecure()) as unknown as EchoClient;
});

afterAll(async () => {
  client.close();
  server.forceShutdown();
  await proxy.close();
});

function calls(pieces: readonly Piece[]): GrpcFacts[] {
  const seen: GrpcFacts[] = [];
  const conversation = createHttp2Conversation({ onExchange: (facts) => seen.push(facts as GrpcFacts) });
  feed(conversation, pieces);
  conversation.end(performance.now(), false);
  return seen;
}

const told = ({
  service: name,
  method,
  statusCode,
  requestMessages,
  responseMessages,
  http,
}: GrpcFacts): string =>
  `${name}/${method} ${statusCode} ${requestMessages}:${responseMessages} ${http.outcome}${http.partial ? '!' : ''}`;

test('unary and all kinds of streams: status and messages of every call', async () => {
  const expected: string[] = [];
  const unary = (text: string, result: string) => {
    expected.push(`test.v1.Echo/Unary ${result} complete`);
    return new Promise<void>((resolve) => client.Unary(Buffer.from(text), new Metadata(), () => resolve()));
  };
  const up = (count: number) => {
    expected.push(`test.v1.Echo/Up 0 ${count}:1 complete`);
    return new Promise<void>((resolve) => {
      const call = client.Up(() => resolve());
      for (let i = 0; i < count; i++) call.write(Buffer.alloc(i * 300) as never);
      call.end();
    });
  };
  const down = async (count: number) => {
    expected.push(`test.v1.Echo/Down 0 1:${count} complete`);
    const call = client.Down(Buffer.from(String(count)));
    call.resume();
    await once(call, 'end');
  };
  const both = async (count: number) => {
    expected.push(`test.v1.Echo/Both 0 ${count}:${count} complete`);
    const call = client.Both();
    for (let i = 0; i < count; i++) {
      call.write(Buffer.alloc(i * 40));
      await once(call, 'data');
    }
    call.end();
    call.resume();
    await once(call, 'end');
  };
  const cancelled = async () => {
    expected.push('test.v1.Echo/Both undefined 2:2 reset');
    const call = client.Both();
    call.on('error', () => {});
    for (let i = 0; i < 2; i++) {
      call.write(Buffer.alloc(10));
      await once(call, 'data');
    }
    const over = new Promise((resolve) => call.on('status', resolve));
    call.cancel();
    await over;
  };
  await Promise.all([
    ...Array.from({ length: 40 }, (_, i) => unary('x'.repeat(i * 100), '0 1:1')),
    ...Array.from({ length: 5 }, () => unary('fail', '5 1:0')),
    ...[0, 1, 7, 30].map(up),
    ...[0, 1, 9, 40].map(down),
    ...[1, 5].map(both),
    cancelled(),
  ]);
  // The reset of the call that was cancelled is on its way until something behind it has been answered.
  await unary('last', '0 1:1');
  expect(proxy.connections).toHaveLength(1);
  const pieces = proxy.connections[0] ?? [];
  for (const recorded of [pieces, cut(pieces, dice(2), 100)]) {
    const seen = calls(recorded);
    expect(seen.map(told).sort()).toEqual(expected.toSorted());
    const failed = seen.find(({ statusCode }) => statusCode === 5);
    expect(failed?.statusMessage).toBe('no such thing: 100% é');
  }
});
