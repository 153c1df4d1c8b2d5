import { isIP } from 'node:net';
import IPCIDR from 'ip-cidr';
import { Netmask } from 'netmask';

export type CidrResult = { readonly cidr: string } | { readonly problem: string };

/** Canonical text of ::ffff:0:0/96. */
const MAPPED = /^::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}$/;

/**
 * Canonical form of an address or CIDR block: `10.0.0.0/8`, `2001:db8::/32`; a bare address becomes /32 or /128.
 * The libraries see only text that passed `isIP` and a strict length: alone they take octal, short and `/-1` forms.
 */
export function normaliseCidr(text: string): CidrResult {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0) return { problem: addressProblem(address) };
  const width = family === 4 ? 32 : 128;
  const length = slash < 0 ? `${width}` : text.slice(slash + 1);
  return family === 4 ? normaliseV4(address, length) : normaliseV6(address, length);
}

function normaliseV4(address: string, length: string): CidrResult {
  // The library refuses the dotted mask of length 0.
  const strict = length === '0.0.0.0' ? '0' : length;
  if (isIP(strict) === 0 && !isLength(strict, 32)) return { problem: lengthProblem(32) };
  const block = maskedBlock(address, strict);
  if (block === undefined) return { problem: `${length} is not a netmask; write a length from 0 to 32` };
  return withoutHostBits(address, `${block.base}/${block.bitmask}`, 32);
}

/** Undefined for a dotted mask with holes, such as 255.0.255.0: the library throws or takes it for another one. */
function maskedBlock(address: string, length: string): Netmask | undefined {
  try {
    const block = new Netmask(`${address}/${length}`);
    return isIP(length) === 0 || block.mask === length ? block : undefined;
  } catch {
    return undefined;
  }
}

function normaliseV6(address: string, length: string): CidrResult {
  if (!isLength(length, 128)) return { problem: lengthProblem(128) };
  const canonical = canonicalV6(address);
  if (MAPPED.test(canonical))
    return { problem: 'an IPv4-mapped block; write it as IPv4, such as 10.0.0.0/8' };
  const network = canonicalV6(new IPCIDR(`${canonical}/${length}`).start<string>());
  return withoutHostBits(canonical, `${network}/${Number(length)}`, 128);
}

function withoutHostBits(address: string, cidr: string, width: number): CidrResult {
  if (cidr.startsWith(`${address}/`)) return { cidr };
  return { problem: `bits are set beyond the prefix length; write ${cidr} or ${address}/${width}` };
}

/** RFC 5952 text by way of the URL parser, which compresses and lower-cases. */
function canonicalV6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

function isLength(text: string, max: number): boolean {
  return /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= max;
}

const lengthProblem = (max: number): string => `the prefix length must be a whole number from 0 to ${max}`;

function addressProblem(address: string): string {
  if (address.includes('%')) return 'zone ids (%eth0) are not allowed in a network';
  if (/^0\d|\.0\d/.test(address))
    return 'leading zeros are ambiguous (octal); write each number without them';
  return 'not an IP address; write one such as 192.0.2.0/24 or 2001:db8::/32';
}
