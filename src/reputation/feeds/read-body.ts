import type { IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/**
 * The body, decompressed when it is gzip, whether the server says so or it is a `.gz` file. Rejects beyond `maxBytes`, on
 * the wire as well as after decompression, and when the connection ends too early.
 */
export async function readBody(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new Error(`the answer is compressed as ${encoding}, which was not asked for`);
  const declared = Number(answer.headers['content-length']);
  if (declared > maxBytes) throw new Error(tooLong(maxBytes));
  const wire = collector(maxBytes);
  await pipeline(answer, wire.sink);
  const body = wire.bytes();
  const isGzip = encoding === 'gzip' || (body[0] === 0x1f && body[1] === 0x8b);
  if (!isGzip) return body;
  const plain = collector(maxBytes);
  await pipeline([body], createGunzip(), plain.sink);
  return plain.bytes();
}

function collector(maxBytes: number) {
  const chunks: Buffer[] = [];
  let length = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      chunks.push(chunk);
      done(length > maxBytes ? new Error(tooLong(maxBytes)) : undefined);
    },
  });
  return { sink, bytes: () => Buffer.concat(chunks) };
}

function tooLong(maxBytes: number): string {
  return `the answer is longer than ${maxBytes} bytes`;
}
