import { escapedText } from '../dns/ascii.ts';
import { isGrease } from './grease.ts';
import { Octets } from './octets.ts';

const RANDOM_OCTETS = 32;
const HOST_NAME = 0;

/** Extension types that are looked into (IANA "TLS ExtensionType Values"). */
export const EXTENSION = {
  serverName: 0,
  signatureAlgorithms: 13,
  alpn: 16,
  supportedVersions: 43,
  encryptedServerName: 0xffce,
  encryptedClientHello: 0xfe0d,
} as const;

/** A ClientHello without its GREASE values; numbers in the order they were sent. */
export interface ClientHello {
  readonly legacyVersion: number;
  readonly ciphers: readonly number[];
  readonly extensions: readonly number[];
  /** Empty when the extension is absent. */
  readonly supportedVersions: readonly number[];
  readonly signatureAlgorithms: readonly number[];
  /** Octets of each protocol name. */
  readonly alpn: readonly Uint8Array[];
  /** Lower case; `\DDD` for what is no visible ASCII. */
  readonly serverName: string | undefined;
}

type Draft = { -readonly [K in keyof ClientHello]: ClientHello[K] };

/** The body of a ClientHello, from `start` to `end`; undefined when its lengths do not add up (RFC 8446 4.1.2). */
export function parseClientHello(bytes: Uint8Array, start: number, end: number): ClientHello | undefined {
  const octets = new Octets(bytes, start, end);
  const legacyVersion = octets.number(2);
  octets.skip(RANDOM_OCTETS);
  const sessionId = octets.vector(1);
  const ciphers = readNumbers(octets.vector(2));
  const compressions = octets.vector(1);
  if (octets.overrun || ciphers === undefined || ciphers.length === 0) return undefined;
  if (sessionId.left > 32 || compressions.left === 0) return undefined;
  const hello: Draft = {
    legacyVersion,
    ciphers: ciphers.filter((cipher) => !isGrease(cipher)),
    extensions: [],
    supportedVersions: [],
    signatureAlgorithms: [],
    alpn: [],
    serverName: undefined,
  };
  // Before TLS 1.3 there need be no extensions at all.
  return octets.left === 0 || readExtensions(octets, hello) ? hello : undefined;
}

function readNumbers(octets: Octets): number[] | undefined {
  if (octets.left % 2 !== 0) return undefined;
  const numbers: number[] = [];
  while (octets.left > 0) numbers.push(octets.number(2));
  return numbers;
}

function readExtensions(octets: Octets, hello: Draft): boolean {
  const all = octets.vector(2);
  const seen = new Set<number>();
  while (all.left > 0) {
    const type = all.number(2);
    const body = all.vector(2);
    // A type twice is forbidden (RFC 8446 4.2), and would leave open which one counts.
    if (all.overrun || seen.has(type) || !readExtension(type, body, hello)) return false;
    seen.add(type);
  }
  hello.extensions = [...seen].filter((type) => !isGrease(type));
  return !octets.overrun && octets.left === 0;
}

function readExtension(type: number, body: Octets, hello: Draft): boolean {
  switch (type) {
    case EXTENSION.serverName:
      return readServerName(body, hello);
    case EXTENSION.alpn:
      return readAlpn(body, hello);
    case EXTENSION.supportedVersions:
      return takeList(readList(body, 1), (versions) => {
        hello.supportedVersions = versions;
      });
    case EXTENSION.signatureAlgorithms:
      return takeList(readList(body, 2), (algorithms) => {
        hello.signatureAlgorithms = algorithms;
      });
    default:
      return true;
  }
}

function takeList(list: number[] | undefined, take: (list: number[]) => void): boolean {
  if (list !== undefined) take(list);
  return list !== undefined;
}

/** A vector of 16-bit numbers that fills the extension, without GREASE. */
function readList(body: Octets, lengthOctets: 1 | 2): number[] | undefined {
  const list = body.vector(lengthOctets);
  return body.overrun || body.left > 0 ? undefined : readNumbers(list)?.filter((value) => !isGrease(value));
}

function readServerName(body: Octets, hello: Draft): boolean {
  const list = body.vector(2);
  while (list.left > 0) {
    const type = list.number(1);
    const name = list.vector(2);
    if (type !== HOST_NAME || name.left === 0 || hello.serverName !== undefined) continue;
    hello.serverName = escapedText(name.bytes, { from: name.at, to: name.end }, '').toLowerCase();
  }
  return !body.overrun && !list.overrun && body.left === 0;
}

function readAlpn(body: Octets, hello: Draft): boolean {
  const list = body.vector(2);
  const names: Uint8Array[] = [];
  while (list.left > 0) {
    const name = list.vector(1);
    if (!isGreaseName(name)) names.push(name.bytes.slice(name.at, name.end));
  }
  hello.alpn = names;
  return !body.overrun && !list.overrun && body.left === 0;
}

function isGreaseName(name: Octets): boolean {
  const { bytes, at } = name;
  return name.left === 2 && isGrease(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
}
