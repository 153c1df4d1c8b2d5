import type { Transport } from '../../model/conversation.ts';
import type { Endpoint, IpAddress } from '../../model/ip-address.ts';

/** The two ends as UTF-16 units. (A template would be kept as a chain of its pieces: 200 bytes more for each.) */
export function keyOf(
  transport: Transport,
  { ip: a, port: from }: Endpoint,
  { ip: b, port: to }: Endpoint,
): string {
  const kind = (transport === 'tcp' ? 0 : 1) + a.family * 2;
  if (a.family === 4 && b.family === 4)
    return String.fromCharCode(kind, a.w3 >>> 16, a.w3 & 0xffff, from, b.w3 >>> 16, b.w3 & 0xffff, to);
  return String.fromCharCode(kind, from, to) + longKey(a) + longKey(b);
}

function longKey({ w0, w1, w2, w3 }: IpAddress): string {
  const words = [w0, w1, w2, w3].flatMap((word) => [word >>> 16, word & 0xffff]);
  return String.fromCharCode(...words);
}
