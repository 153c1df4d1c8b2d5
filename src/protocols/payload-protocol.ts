import { isLikelyDns, isLikelyDnsStream } from './dns/likely.ts';
import { PREFACE } from './http2/frames.ts';
import { isHttp1 } from './sniff.ts';
import { looksLikeTls } from './tls/looks-like-tls.ts';

/** Protocols that the beginning of a packet's payload can tell. */
export const PAYLOAD_PROTOCOLS = [
  'http',
  'http2',
  'tls',
  'ssh',
  'smb',
  'rdp',
  'vnc',
  'dns',
  'quic',
  'redis',
  'mysql',
  'postgresql',
  'smtp',
  'bittorrent',
  'stratum',
] as const;
export type PayloadProtocol = (typeof PAYLOAD_PROTOCOLS)[number];

type Signature = readonly [protocol: PayloadProtocol, fits: (bytes: Uint8Array) => boolean];

/** Whether `text` (Latin-1) stands at a place. */
function has(bytes: Uint8Array, text: string, at = 0): boolean {
  if (bytes.length < at + text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

const startsWith =
  (...texts: readonly string[]) =>
  (bytes: Uint8Array): boolean =>
    texts.some((text) => has(bytes, text));

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** A ClientHello, or the record of a ServerHello. */
function isTls(bytes: Uint8Array): boolean {
  if (looksLikeTls(bytes)) return true;
  const [type, major, minor = 9] = bytes;
  return bytes.length > 10 && type === 22 && major === 3 && minor <= 4 && bytes[5] === 2 && bytes[9] === 3;
}

/** NetBIOS session header (RFC 1001), then SMB 1 or 2. */
function isSmb(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && (has(bytes, '\u00ffSMB', 4) || has(bytes, '\u00feSMB', 4));
}

/** TPKT (RFC 1006) with an X.224 connection request or confirm that negotiates RDP or carries its cookie. */
function isRdp(bytes: Uint8Array): boolean {
  const isTpkt = bytes[0] === 3 && bytes[1] === 0 && (bytes[5] === 0xe0 || bytes[5] === 0xd0);
  return isTpkt && (has(bytes, 'Cookie: mstshash=', 11) || (u16(bytes, 2) === 19 && (bytes[11] ?? 9) <= 2));
}

/** RESP: an array of bulk strings, which is how clients ask. */
function isRedis(bytes: Uint8Array): boolean {
  let at = 1;
  while (at < 6 && isDigit(bytes[at])) at++;
  return bytes[0] === 42 && at > 1 && has(bytes, '\r\n$', at) && isDigit(bytes[at + 3]);
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 57;

/** The greeting: packet 0, protocol 10, then the version as text. */
function isMysql(bytes: Uint8Array): boolean {
  return (
    bytes.length > 12 &&
    bytes[2] === 0 &&
    bytes[3] === 0 &&
    bytes[4] === 10 &&
    isDigit(bytes[5]) &&
    bytes[6] === 46
  );
}

/** Start-up message of version 3, or the request for TLS in front of it. */
function isPostgresql(bytes: Uint8Array): boolean {
  if (bytes.length < 8 || u16(bytes, 0) !== 0) return false;
  if (u16(bytes, 2) === 8) return u16(bytes, 4) === 1234 && u16(bytes, 6) === 5679;
  return u16(bytes, 4) === 3 && u16(bytes, 6) === 0 && has(bytes, 'user', 8);
}

/** Mining of cryptocurrency: JSON-RPC without HTTP. */
function isStratum(bytes: Uint8Array): boolean {
  if (bytes[0] !== 123) return false;
  const text = String.fromCharCode(...bytes);
  return /"method"\s*:\s*"(?:mining\.|login"|job"|submit")/.test(text);
}

/** Long header (RFC 9000) of version 1 or 2. */
function isQuic(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  if (bytes.length < 7 || (first & 0xc0) !== 0xc0) return false;
  return has(bytes, '\u0000\u0000\u0000\u0001', 1) || has(bytes, '\u006b\u0033\u0043\u00cf', 1);
}

const STREAM: readonly Signature[] = [
  ['tls', isTls],
  [
    'http2',
    (bytes) => bytes.length >= 16 && PREFACE.every((byte, at) => at >= bytes.length || bytes[at] === byte),
  ],
  ['http', (bytes) => (isHttp1('client', bytes) && isRequestLine(bytes)) || isHttp1('server', bytes)],
  ['ssh', startsWith('SSH-2.0-', 'SSH-1.')],
  ['smb', isSmb],
  ['rdp', isRdp],
  ['vnc', startsWith('RFB 003.', 'RFB 004.')],
  ['redis', isRedis],
  ['mysql', isMysql],
  ['postgresql', isPostgresql],
  ['smtp', startsWith('EHLO ', 'HELO ', 'MAIL FROM:', 'RCPT TO:')],
  ['bittorrent', startsWith('\u0013BitTorrent protocol')],
  ['stratum', isStratum],
  ['dns', (bytes) => isLikelyDnsStream(bytes, 0, bytes.length)],
];

const DATAGRAM: readonly Signature[] = [
  ['quic', isQuic],
  ['dns', (bytes) => isLikelyDns(bytes, 0, bytes.length)],
];

const METHODS = new Set([
  'GET',
  'PUT',
  'POST',
  'HEAD',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'PROPFIND',
]);

/** A word in capitals begins many a protocol: here only the methods that there are count. */
function isRequestLine(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(32);
  return end > 2 && end < 10 && METHODS.has(String.fromCharCode(...bytes.subarray(0, end)));
}

/**
 * What a packet speaks, by the beginning of its payload alone, whatever its port. Undefined for payload in the middle of
 * something, and for what has no signature.
 */
export function payloadProtocol(transport: 'tcp' | 'udp', bytes: Uint8Array): PayloadProtocol | undefined {
  if (bytes.length === 0) return undefined;
  const signatures = transport === 'tcp' ? STREAM : DATAGRAM;
  return signatures.find(([, fits]) => fits(bytes))?.[0];
}
