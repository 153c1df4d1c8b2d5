import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * What happens on the way. `pass`: nothing. `slow`: each piece waits. `reset`: each connection is reset after so many bytes of the
 * client. `silent`: connections that are there swallow everything from now on; new ones pass. `refuse`: connections end at once.
 */
export type Fault =
  | { readonly kind: 'pass' | 'silent' | 'refuse' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'reset'; readonly afterBytes: () => number };

/** A TCP relay in front of a real receiver, with faults on request. */
export interface FaultyProxy {
  readonly address: string;
  /** For connections that are there, where it says so, and all to come. */
  fault(next: Fault): void;
  /** Connections that faults have ended, or silenced. */
  readonly struck: number;
  close(): Promise<void>;
}

export async function startFaultyProxy(target: number): Promise<FaultyProxy> {
  let fault: Fault = { kind: 'pass' };
  let struck = 0;
  const pairs = new Set<{ readonly client: Socket; readonly upstream: Socket; silent: boolean }>();

  const server = createServer((client) => {
    client.on('error', () => {});
    if (fault.kind === 'refuse') {
      struck += 1;
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    upstream.on('error', () => client.destroy());
    const pair = { client, upstream, silent: false };
    pairs.add(pair);
    let left = fault.kind === 'reset' ? fault.afterBytes() : Number.POSITIVE_INFINITY;
    const relay = (from: Socket, to: Socket): void => {
      from.on('data', (chunk) => {
        if (pair.silent) return;
        if (from === client) left -= chunk.length;
        if (left < 0) {
          struck += 1;
          client.resetAndDestroy();
          upstream.destroy();
        } else if (fault.kind === 'slow') setTimeout(() => to.write(chunk), fault.delayMs);
        else to.write(chunk);
      });
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
    };
    relay(client, upstream);
    relay(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get struck() {
      return struck;
    },
    fault(next) {
      fault = next;
      if (next.kind === 'refuse') for (const { client } of pairs) client.destroy();
      if (next.kind !== 'silent') return;
      for (const pair of pairs) pair.silent = true;
      struck += pairs.size;
    },
    async close() {
      server.close();
      for (const { client, upstream } of pairs) {
        client.destroy();
        upstream.destroy();
      }
    },
  };
}
