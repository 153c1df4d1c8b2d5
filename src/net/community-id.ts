import type { Transport } from '../model/event.ts';
import type { Endpoint, IpAddress } from '../model/ip-address.ts';
import { compareIps } from './ip.ts';
import { sha1 } from './sha1.ts';

export interface ConversationEnds {
  readonly transport: Transport;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

const PROTOCOL: Readonly<Record<Transport, number>> = { tcp: 6, udp: 17 };
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Community ID v1 with seed 0: the same for both directions, so it joins our records with those of other tools. */
export function communityId({ transport, local, remote }: ConversationEnds): string {
  const inOrder = (compareIps(local.ip, remote.ip) || local.port - remote.port) <= 0;
  const [low, high] = inOrder ? [local, remote] : [remote, local];
  const addressBytes = low.ip.family === 4 ? 4 : 16;
  const message = new DataView(new ArrayBuffer(2 + 2 * addressBytes + 6));
  putIp(message, 2, low.ip);
  putIp(message, 2 + addressBytes, high.ip);
  const tail = 2 + 2 * addressBytes;
  message.setUint8(tail, PROTOCOL[transport]);
  message.setUint16(tail + 2, low.port);
  message.setUint16(tail + 4, high.port);
  return `1:${base64(sha1(new Uint8Array(message.buffer)))}`;
}

function putIp(view: DataView, at: number, ip: IpAddress): void {
  if (ip.family === 4) {
    view.setUint32(at, ip.w3);
    return;
  }
  for (const [i, word] of [ip.w0, ip.w1, ip.w2, ip.w3].entries()) view.setUint32(at + 4 * i, word);
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const triple = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (const shift of [18, 12, 6, 0]) text += ALPHABET[(triple >>> shift) & 63];
  }
  const padding = (3 - (bytes.length % 3)) % 3;
  return text.slice(0, text.length - padding) + '='.repeat(padding);
}
