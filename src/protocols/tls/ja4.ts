import { sha256 } from '../../net/sha256.ts';
import { hexText } from '../dns/ascii.ts';
import { type ClientHello, EXTENSION } from './client-hello.ts';

const HASH_DIGITS = 12;
const NO_VALUES = '0'.repeat(HASH_DIGITS);
const MAX_COUNT = 99;

const VERSION_DIGITS = new Map([
  [0x0304, '13'],
  [0x0303, '12'],
  [0x0302, '11'],
  [0x0301, '10'],
  [0x0300, 's3'],
  [0x0002, 's2'],
]);

/** JA4 of a ClientHello, as its authors define it (the BSD-licensed part of the JA4 family). */
export function ja4(hello: ClientHello, transport: 'tcp' | 'quic'): string {
  return `${transport === 'quic' ? 'q' : 't'}${head(hello)}_${cipherHash(hello)}_${extensionHash(hello)}`;
}

/** The readable part behind the transport: version, whether a name is asked for, counts, the first protocol. */
function head(hello: ClientHello): string {
  const { supportedVersions, legacyVersion, extensions } = hello;
  const version = supportedVersions.length > 0 ? Math.max(...supportedVersions) : legacyVersion;
  const named = extensions.includes(EXTENSION.serverName) ? 'd' : 'i';
  const counts = countDigits(hello.ciphers.length) + countDigits(extensions.length);
  return `${VERSION_DIGITS.get(version) ?? '00'}${named}${counts}${protocolCharacters(hello.alpn[0])}`;
}

function countDigits(count: number): string {
  return String(Math.min(count, MAX_COUNT)).padStart(2, '0');
}

/** First and last character; of names that do not begin and end in letters or digits, those of their hex form. */
function protocolCharacters(name: Uint8Array | undefined): string {
  const first = name?.[0];
  const last = name?.at(-1);
  if (first === undefined || last === undefined) return '00';
  if (isAlphanumeric(first) && isAlphanumeric(last)) return String.fromCharCode(first, last);
  return `${(first >> 4).toString(16)}${(last & 15).toString(16)}`;
}

function isAlphanumeric(byte: number): boolean {
  const letter = byte | 0x20;
  return (byte >= 48 && byte <= 57) || (letter >= 97 && letter <= 122);
}

function cipherHash({ ciphers }: ClientHello): string {
  return ciphers.length === 0 ? NO_VALUES : hash(listText(sorted(ciphers)));
}

/** Name and protocol do not count: the same program gives the same hash wherever it connects to. */
function extensionHash({ extensions, signatureAlgorithms }: ClientHello): string {
  const counted = extensions.filter((type) => type !== EXTENSION.serverName && type !== EXTENSION.alpn);
  if (counted.length === 0) return NO_VALUES;
  const algorithms = signatureAlgorithms.length > 0 ? `_${listText(signatureAlgorithms)}` : '';
  return hash(listText(sorted(counted)) + algorithms);
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);

function listText(values: readonly number[]): string {
  return values.map((value) => value.toString(16).padStart(4, '0')).join(',');
}

/** The lists of a program are the same in each of its hellos. Emptied when full. */
const MAX_KNOWN_HASHES = 1024;
const MAX_KNOWN_TEXT = 1024;
const knownHashes = new Map<string, string>();

function hash(text: string): string {
  const known = knownHashes.get(text);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const digits = hexText(sha256(bytes), 0, HASH_DIGITS / 2);
  // Lists can be long: only what real programs send is worth keeping.
  if (text.length > MAX_KNOWN_TEXT) return digits;
  if (knownHashes.size >= MAX_KNOWN_HASHES) knownHashes.clear();
  knownHashes.set(text, digits);
  return digits;
}
