/**
 * A gRPC server or a client in a process of its own, so that each can be observed:
 * node grpc-calls.ts server                prints its port; ends with its input
 * node grpc-calls.ts client PORT KIND...   makes calls one after the other: unary:BYTES fail up:COUNT down:COUNT both:COUNT
 *                                          cancelled large:MIB; prints what an observer should tell of each
 */
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
const MIB = 1 << 20;
const UNLIMITED = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

async function serve(): Promise<void> {
  const server = new Server(UNLIMITED);
  server.addService(service, {
    Unary: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      if (call.request.toString() === 'fail') done({ code: status.NOT_FOUND, details: 'no such thing' });
      else done(null, call.request);
    },
    Up: (call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      call.on('data', () => undefined);
      call.on('end', () => done(null, Buffer.alloc(9)));
    },
    Down: async (call: ServerWritableStream<Buffer, Buffer>) => {
      const [count = 0, bytes = 0] = call.request.toString().split(' ').map(Number);
      for (let i = 0; i < count; i++) if (!call.write(Buffer.alloc(bytes))) await once(call, 'drain');
      call.end();
    },
    Both: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (value: Buffer) => call.write(value));
      call.on('end', () => call.end());
      call.on('error', () => undefined);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  process.stdout.write(`${port}\n`);
}

interface EchoClient extends Client {
  Unary(value: Buffer, metadata: Metadata, done: (error: Error | null) => void): unknown;
  Up(done: (error: Error | null) => void): NodeJS.WritableStream;
  Down(value: Buffer): ClientReadableStream<Buffer>;
  Both(): ClientDuplexStream<Buffer, Buffer>;
}

async function down(client: EchoClient, count: number, bytes: number): Promise<void> {
  const call = client.Down(Buffer.from(`${count} ${bytes}`));
  call.resume();
  await once(call, 'end');
}

async function both(client: EchoClient, count: number, cancels: boolean): Promise<void> {
  const call = client.Both();
  call.on('error', () => undefined);
  for (let i = 0; i < count; i++) {
    call.write(Buffer.alloc(i * 40));
    await once(call, 'data');
  }
  const over = new Promise((resolve) => call.on('status', resolve));
  if (cancels) call.cancel();
  else call.end();
  call.resume();
  await over;
}

function up(client: EchoClient, count: number): Promise<void> {
  return new Promise((resolve) => {
    const call = client.Up(() => resolve());
    for (let i = 0; i < count; i++) call.write(Buffer.alloc(i * 30) as never);
    call.end();
  });
}

function unary(client: EchoClient, text: string): Promise<void> {
  return new Promise((resolve) => client.Unary(Buffer.from(text), new Metadata(), () => resolve()));
}

/** Makes one call; returns what an observer should tell of it. */
async function make(client: EchoClient, call: string): Promise<string> {
  const [name, number = '0'] = call.split(':');
  const count = Number(number);
  switch (name) {
    case 'unary':
      await unary(client, 'x'.repeat(count));
      return 'test.v1.Echo/Unary 0 1:1 complete';
    case 'fail':
      await unary(client, 'fail');
      return 'test.v1.Echo/Unary 5 1:0 complete';
    case 'up':
      await up(client, count);
      return `test.v1.Echo/Up 0 ${count}:1 complete`;
    case 'down':
      await down(client, count, 70);
      return `test.v1.Echo/Down 0 1:${count} complete`;
    case 'large':
      await down(client, count, MIB);
      return `test.v1.Echo/Down 0 1:- complete`;
    case 'both':
      await both(client, count, false);
      return `test.v1.Echo/Both 0 ${count}:${count} complete`;
    default:
      await both(client, 2, true);
      return 'test.v1.Echo/Both - 2:2 reset';
  }
}

async function ask(port: string, calls: readonly string[]): Promise<void> {
  const Constructor = makeGenericClientConstructor(service, 'Echo');
  const client = new Constructor(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
    UNLIMITED,
  ) as unknown as EchoClient;
  const lines: string[] = [];
  for (const call of calls) lines.push(await make(client, call));
  client.close();
  process.stdout.write(`${lines.join('\n')}\n`);
}

const [mode, port = '', ...calls] = process.argv.slice(2);
if (mode === 'server') await serve();
else await ask(port, calls);
