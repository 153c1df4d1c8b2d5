import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Piece } from './stream-pieces.ts';

/** A proxy on loopback that passes everything on and writes down what went by, connection by connection. */
export interface Tap {
  readonly port: number;
  readonly connections: Piece[][];
  close(): Promise<void>;
}

export async function tap(targetPort: number): Promise<Tap> {
  const connections: Piece[][] = [];
  const sockets = new Set<Socket>();
  const proxy = createServer((downstream) => {
    const upstream = connect(targetPort, '127.0.0.1');
    const pieces: Piece[] = [];
    connections.push(pieces);
    const pass = (side: Piece['side'], from: Socket, to: Socket): void => {
      sockets.add(from);
      from.on('data', (bytes: Buffer) => {
        pieces.push({ side, bytes: Uint8Array.from(bytes), timeMs: performance.now() });
        to.write(bytes);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
    };
    pass('client', downstream, upstream);
    pass('server', upstream, downstream);
  });
  const port = await listen(proxy);
  return {
    port,
    connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

/** Listens on a free port of loopback. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
