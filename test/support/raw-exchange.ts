import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Bytes to write at once, or milliseconds to wait. */
export type Step = string | Uint8Array | number;

/** Sends step by step over a new connection; returns what came back until the server closed, as Latin-1. */
export async function exchange(port: number, steps: readonly Step[], host = '127.0.0.1'): Promise<string> {
  const socket = connect({ port, host, noDelay: true });
  const received: Buffer[] = [];
  socket.on('data', (chunk) => received.push(chunk));
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  await write(socket, steps);
  await closed;
  return Buffer.concat(received).toString('latin1');
}

export async function write(socket: Socket, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (typeof step === 'number') await pause(step);
    else await new Promise((resolve) => socket.write(step, resolve));
  }
}

/** The bytes one by one, each in a segment of its own. */
export function byteByByte(text: string): Step[] {
  return [...Buffer.from(text, 'latin1')].flatMap((byte) => [Uint8Array.of(byte), 1]);
}

/** A server in this process (so: outside of what is observed) that runs `serve` for each connection. */
export async function rawServer(serve: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, server };
}
