import type { Transport } from '../../model/conversation.ts';
import type { Endpoint, IpAddress } from '../../model/ip-address.ts';
import { ipFromWords, ipv4FromWord } from '../../net/ip.ts';

/** Bits of a key's first character. */
const UDP = 1;
const CLIENT_V6 = 2;
const SERVER_V6 = 4;
const V4_CHARS = 2;
const V6_CHARS = 8;

/**
 * Both ends and the transport in a few characters of 16 bits: seven for IPv4. There are tens of thousands of keys, so the
 * addresses are read back from them instead of being kept beside them.
 */
export function conversationKey(transport: Transport, client: Endpoint, server: Endpoint): string {
  const [isV4, other] = [client.ip.family === 4, server.ip.family === 4];
  const kind = (transport === 'udp' ? UDP : 0) | (isV4 ? 0 : CLIENT_V6) | (other ? 0 : SERVER_V6);
  if (isV4 && other) {
    const [from, to] = [client.ip.w3, server.ip.w3];
    return String.fromCharCode(
      kind,
      from >>> 16,
      from & 0xffff,
      to >>> 16,
      to & 0xffff,
      client.port,
      server.port,
    );
  }
  return String.fromCharCode(kind, ...halves(client.ip), ...halves(server.ip), client.port, server.port);
}

/** Address of the end that opened the conversation. */
export function clientOf(key: string): IpAddress {
  return addressAt(key, 1, (key.charCodeAt(0) & CLIENT_V6) !== 0);
}

export function serverOf(key: string): IpAddress {
  const isV6 = (key.charCodeAt(0) & CLIENT_V6) !== 0;
  return addressAt(key, 1 + (isV6 ? V6_CHARS : V4_CHARS), (key.charCodeAt(0) & SERVER_V6) !== 0);
}

function halves({ family, w0, w1, w2, w3 }: IpAddress): number[] {
  const words = family === 4 ? [w3] : [w0, w1, w2, w3];
  return words.flatMap((word) => [word >>> 16, word & 0xffff]);
}

function addressAt(key: string, at: number, isV6: boolean): IpAddress {
  const word = (index: number): number =>
    ((key.charCodeAt(at + 2 * index) << 16) | key.charCodeAt(at + 2 * index + 1)) >>> 0;
  return isV6 ? ipFromWords([word(0), word(1), word(2), word(3)]) : ipv4FromWord(word(0));
}
