import type { Transport } from '../model/event.ts';
import type { Endpoint, IpAddress } from '../model/ip-address.ts';
import { compareIps, ipEquals } from './ip.ts';
import { sha1 } from './sha1.ts';

export interface ConversationEnds {
  readonly transport: Transport;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

const PROTOCOL: Readonly<Record<Transport, number>> = { tcp: 6, udp: 17 };
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const IPV4_BYTES = 16;
const IPV6_BYTES = 40;
const messages = { 4: new Uint8Array(IPV4_BYTES), 6: new Uint8Array(IPV6_BYTES) } as const;

interface Known extends ConversationEnds {
  readonly text: string;
}

/** The last conversation of each slot: the events of one conversation ask again and again. */
const SLOTS = 4096;
const known = Array.from<Known | undefined>({ length: SLOTS });

/** Community ID v1 with seed 0: the same for both directions, so it joins our records with those of other tools. */
export function communityId(ends: ConversationEnds): string {
  const slot = slotOf(ends);
  const before = known[slot];
  if (before !== undefined && isSame(before, ends)) return before.text;
  const text = compute(ends);
  known[slot] = { transport: ends.transport, local: ends.local, remote: ends.remote, text };
  return text;
}

function slotOf({ local, remote }: ConversationEnds): number {
  const mixed = Math.imul(local.ip.w3 ^ (remote.ip.w3 << 7), 0x9e3779b1) + local.port * 31 + remote.port;
  return (mixed ^ (mixed >>> 15)) & (SLOTS - 1);
}

function isSame(a: ConversationEnds, b: ConversationEnds): boolean {
  return a.transport === b.transport && isSameEnd(a.local, b.local) && isSameEnd(a.remote, b.remote);
}

function isSameEnd(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && ipEquals(a.ip, b.ip);
}

function compute({ transport, local, remote }: ConversationEnds): string {
  const inOrder = (compareIps(local.ip, remote.ip) || local.port - remote.port) <= 0;
  const low = inOrder ? local : remote;
  const high = inOrder ? remote : local;
  const message = messages[low.ip.family];
  const tail = putIp(message, putIp(message, 2, low.ip), high.ip);
  message[tail] = PROTOCOL[transport];
  put16(message, tail + 2, low.port);
  put16(message, tail + 4, high.port);
  return `1:${base64(sha1(message))}`;
}

/** Returns the offset behind it. */
function putIp(message: Uint8Array, at: number, ip: IpAddress): number {
  if (ip.family === 4) return put32(message, at, ip.w3);
  return put32(message, put32(message, put32(message, put32(message, at, ip.w0), ip.w1), ip.w2), ip.w3);
}

function put32(message: Uint8Array, at: number, word: number): number {
  put16(message, at, word >>> 16);
  put16(message, at + 2, word);
  return at + 4;
}

function put16(message: Uint8Array, at: number, value: number): void {
  message[at] = value >>> 8;
  message[at + 1] = value;
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const triple = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += letter(triple >>> 18) + letter(triple >>> 12) + letter(triple >>> 6) + letter(triple);
  }
  const padding = (3 - (bytes.length % 3)) % 3;
  return text.slice(0, text.length - padding) + '='.repeat(padding);
}

function letter(bits: number): string {
  return ALPHABET[bits & 63] as string;
}
