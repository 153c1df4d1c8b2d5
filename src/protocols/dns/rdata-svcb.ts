import { ipv4Text, ipv6Text } from './address-text.ts';
import { escapedText, hexText } from './ascii.ts';
import { readName } from './name.ts';
import { u16, type Wire } from './wire.ts';

/** Octets of one parameter value that are shown. */
const MAX_VALUE_OCTETS = 256;

interface Value {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Text of a parameter's value, '' for none; undefined when the value is not of the parameter's form. */
type ParamFormat = (value: Value) => string | undefined;

const PARAMS: readonly { readonly name: string; readonly format: ParamFormat }[] = [
  { name: 'mandatory', format: keysText },
  { name: 'alpn', format: alpnText },
  { name: 'no-default-alpn', format: ({ from, to }) => (from === to ? '' : undefined) },
  { name: 'port', format: ({ bytes, from, to }) => (to - from === 2 ? String(u16(bytes, from)) : undefined) },
  { name: 'ipv4hint', format: (value) => addressesText(value, 4, ipv4Text) },
  { name: 'ech', format: ({ from, to }) => (to > from ? `(${to - from} bytes)` : undefined) },
  { name: 'ipv6hint', format: (value) => addressesText(value, 16, ipv6Text) },
  {
    name: 'dohpath',
    format: ({ bytes, from, to }) => escapedText(bytes, { from, to: shown(from, to) }, ' '),
  },
];

const shown = (from: number, to: number) => Math.min(to, from + MAX_VALUE_OCTETS);
const keyName = (key: number) => PARAMS[key]?.name ?? `key${key}`;

/** RFC 9460: `1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1 ech=(70 bytes)`. */
export function svcbText(wire: Wire, end: number): string | undefined {
  const { bytes } = wire;
  const priority = u16(bytes, wire.at);
  wire.at += 2;
  const parts = [String(priority), readName(wire)];
  let lastKey = -1;
  while (wire.fault === undefined && wire.at < end) {
    const key = u16(bytes, wire.at);
    const from = wire.at + 4;
    const to = from + u16(bytes, wire.at + 2);
    // Keys stand in ascending order, each once (RFC 9460 section 2.2).
    if (from > end || to > end || key <= lastKey) return undefined;
    const text = (PARAMS[key]?.format ?? unknownText)({ bytes, from, to });
    if (text === undefined) return undefined;
    parts.push(text === '' ? keyName(key) : `${keyName(key)}=${text}`);
    lastKey = key;
    wire.at = to;
  }
  return parts.join(' ');
}

function keysText({ bytes, from, to }: Value): string | undefined {
  if (to === from || (to - from) % 2 !== 0) return undefined;
  const names: string[] = [];
  for (let at = from; at < shown(from, to); at += 2) names.push(keyName(u16(bytes, at)));
  return names.join(',');
}

function alpnText({ bytes, from, to }: Value): string | undefined {
  const names: string[] = [];
  for (let at = from; at < to; ) {
    const next = at + 1 + (bytes[at] ?? 0);
    if (next === at + 1 || next > to) return undefined;
    if (next <= shown(from, to)) names.push(escapedText(bytes, { from: at + 1, to: next }, ', '));
    at = next;
  }
  return names.length === 0 ? undefined : names.join(',');
}

function addressesText(
  { bytes, from, to }: Value,
  size: number,
  text: (bytes: Uint8Array, at: number) => string,
): string | undefined {
  if (to === from || (to - from) % size !== 0) return undefined;
  const addresses: string[] = [];
  for (let at = from; at < shown(from, to); at += size) addresses.push(text(bytes, at));
  return addresses.join(',');
}

function unknownText({ bytes, from, to }: Value): string {
  return from === to ? '' : `0x${hexText(bytes, from, shown(from, to))}`;
}
