/**
 * An HTTP/1.1 server on 127.0.0.1 that does what nginx does not: it asks to go on with a body (100), answers in chunks, changes to
 * WebSocket (a frame is answered with itself) and opens tunnels. Prints its port.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** RFC 6455, 1.3 */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OPCODE_CLOSE = 8;

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume().on('end', () => {
    response.write('in ');
    response.end('chunks');
  });
}

/** Short frames only; the client's are masked, and the server's are not. */
function echo(socket: Duplex): void {
  socket.on('data', (frame: Buffer) => {
    const length = (frame[1] ?? 0) & 0x7f;
    const mask = frame.subarray(2, 6);
    const payload = frame.subarray(6, 6 + length).map((byte, at) => byte ^ (mask[at & 3] ?? 0));
    socket.write(Buffer.concat([Buffer.of(frame[0] ?? 0, length), payload]));
    if (((frame[0] ?? 0) & 15) === OPCODE_CLOSE) socket.end();
  });
}

const server = createServer(answer);
server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
  response.writeContinue();
  answer(request, response);
});
server.on('upgrade', ({ headers }: IncomingMessage, socket: Duplex) => {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${KEY_SUFFIX}`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  echo(socket);
});
server.on('connect', ({ url = '' }: IncomingMessage, socket: Duplex, head: Buffer) => {
  const [host, port] = url.split(':');
  const target = connect(Number(port), host, () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    target.write(head);
    socket.pipe(target).pipe(socket);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
