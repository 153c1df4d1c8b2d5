import type { Side } from '../../model/conversation.ts';

const HTTP1 = 'HTTP/1.';
const TLS_HANDSHAKE = 22;
const CLIENT_HELLO = 1;

/** Who sends bytes that begin like this: a response or a request of HTTP, or a ClientHello. Undefined: they do not tell. */
export function senderRole(bytes: Uint8Array): Side | undefined {
  if (bytes[0] === TLS_HANDSHAKE) return bytes[5] === CLIENT_HELLO ? 'client' : undefined;
  const start = String.fromCharCode(...bytes.subarray(0, 20));
  if (start.startsWith(HTTP1)) return 'server';
  return /^[A-Z-]{3,16} [/*[0-9A-Za-z]/.test(start) ? 'client' : undefined;
}
