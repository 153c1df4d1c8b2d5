import type { Side } from '../model/conversation.ts';
import { PREFACE } from './http2/frames.ts';
import { looksLikeHttp2 } from './http2/sniff.ts';
import { beginsWithHello, looksLikeTls } from './tls/looks-like-tls.ts';

export type StreamProtocol = 'dns' | 'http1' | 'http2' | 'tls' | 'unknown';

/** More than any of the signatures needs; what is still unknown then stays unknown. */
export const SNIFF_BYTES = 256;
const DNS_PORTS: ReadonlySet<number> = new Set([53, 5353]);

function isPrefixOfPreface(bytes: Uint8Array): boolean {
  const size = Math.min(bytes.length, PREFACE.length);
  for (let at = 0; at < size; at++) if (bytes[at] !== PREFACE[at]) return false;
  return true;
}

/**
 * What a stream speaks, by the first bytes of one side (DNS: by the server's port, as its bytes look like anything).
 * Undefined while there are too few bytes to tell.
 */
export function sniffStream(side: Side, bytes: Uint8Array, serverPort: number): StreamProtocol | undefined {
  if (DNS_PORTS.has(serverPort)) return 'dns';
  if (looksLikeTls(bytes)) return 'tls';
  const said = side === 'client' ? withoutEmptyLines(bytes) : bytes;
  if (side === 'client' && isPrefixOfPreface(bytes))
    return bytes.length < PREFACE.length ? undefined : 'http2';
  if (isHttp1(side, said)) return 'http1';
  if (looksLikeHttp2(bytes)) return 'http2';
  return said.length < SNIFF_BYTES ? undefined : 'unknown';
}

/** Servers pass over empty lines in front of a request (RFC 9112, 2.2). */
export function withoutEmptyLines(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (bytes[at] === 13 || bytes[at] === 10) at++;
  return at === 0 ? bytes : bytes.subarray(at);
}

/** Fewer bytes may be the beginning of anything. */
const TELLING_BYTES = 8;

/**
 * A client's first bytes that are neither HTTP nor TLS (services apart: see sniffService). The PROXY protocol, whose header stands
 * in front of what is spoken, is not meant. The kernel side does the same (bpf/include/telegen/spoken.h).
 */
export function isUnrecognised(bytes: Uint8Array): boolean {
  if (bytes.length < TELLING_BYTES || (bytes[0] === 13 && bytes[1] === 10)) return false;
  const isHttp = isHttp1('client', bytes) || isPrefixOfPreface(bytes) || looksLikeHttp2(bytes);
  return !isHttp && beginsWithHello(bytes) === false;
}

/** `HTTP/1.` */
const RESPONSE = [72, 84, 84, 80, 47, 49, 46] as const;
/** The longest registered method is BASELINE-CONTROL. */
const MAX_METHOD = 16;
const SPACE = 32;

/** A response by its version; a request by a method in capitals, a space, and what a target can begin with. */
export function isHttp1(side: Side, bytes: Uint8Array): boolean {
  if (side === 'server')
    return bytes.length >= RESPONSE.length && RESPONSE.every((byte, at) => bytes[at] === byte);
  let at = 0;
  while (at < MAX_METHOD && isMethodByte(bytes[at])) at++;
  return at >= 3 && bytes[at] === SPACE && isTargetStart(bytes[at + 1]);
}

function isMethodByte(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 65 && byte <= 90) || byte === 45);
}

/** `/`, `*`, a letter or digit, or `[` of an IPv6 authority. */
function isTargetStart(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const letter = byte | 32;
  return (
    byte === 47 || byte === 42 || byte === 91 || (byte >= 48 && byte <= 57) || (letter >= 97 && letter <= 122)
  );
}
