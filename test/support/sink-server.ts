import { connect } from 'node:net';
import { freePort } from './nginx.ts';
import { type Step, write } from './raw-exchange.ts';
import type { Sandbox } from './sandbox.ts';

const program = (port: number): string => `import socketserver
class H(socketserver.BaseRequestHandler):
  def handle(self):
    while self.request.recv(65536): pass
class S(socketserver.ThreadingTCPServer): allow_reuse_address=True
S(("127.0.0.1",${port}),H).serve_forever()`;

/** A server of the sandbox that reads and says nothing; returns what sends to it, each time over a new connection. */
export async function startSink(sandbox: Sandbox): Promise<(steps: readonly Step[]) => Promise<void>> {
  const port = await freePort();
  sandbox.start(['/usr/bin/python3', '-c', program(port)], { namespace: 'host' });
  let isUp = false;
  const send = (steps: readonly Step[]): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
        isUp = true;
        void write(socket, steps).then(() => socket.end());
      });
      socket.on('error', () => undefined).on('close', () => resolve());
    });
  while (!isUp) await send([]);
  return send;
}

/** In two segments. */
export function cutAt(bytes: Uint8Array, at: number): Step[] {
  return [bytes.subarray(0, at), 5, bytes.subarray(at)];
}
