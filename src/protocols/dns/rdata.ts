import { ipv4Text, ipv6Text } from './address-text.ts';
import { escapedText, hexText } from './ascii.ts';
import { readName } from './name.ts';
import { dnskeyText, dsText, nsecText, rrsigText } from './rdata-dnssec.ts';
import { svcbText } from './rdata-svcb.ts';
import { u16, u32, type Wire } from './wire.ts';

const CLASS_IN = 1;
/** Octets of one record's data that are shown; ` ...` stands for the rest. */
const MAX_TEXT_OCTETS = 4096;
const MAX_HEX_OCTETS = 256;

/**
 * Text of record data from `wire.at` up to `end`; undefined, or a place other than `end` afterwards, for data that is
 * not of that form.
 */
type RdataFormat = (wire: Wire, end: number) => string | undefined;

const FORMATS = formatsOf([
  [2, readName],
  [5, readName],
  [6, soaText],
  [12, readName],
  [15, mxText],
  [16, stringsText],
  [33, srvText],
  [39, readName],
  [43, dsText],
  [46, rrsigText],
  [47, nsecText],
  [48, dnskeyText],
  [59, dsText],
  [60, dnskeyText],
  [64, svcbText],
  [65, svcbText],
  [99, stringsText],
  [257, caaText],
]);

/** By type, up to the last of them: a look-up in a map costs as much as a name. */
function formatsOf(known: readonly (readonly [number, RdataFormat])[]): readonly (RdataFormat | undefined)[] {
  const formats: (RdataFormat | undefined)[] = Array.from({ length: 258 }, () => undefined);
  for (const [type, format] of known) formats[type] = format;
  return formats;
}

const TYPE_A = 1;
const TYPE_AAAA = 28;

/** Text of the data at `wire.at`, which ends at `end`; undefined when it is not what its type says. */
export function rdataText(
  wire: Wire,
  end: number,
  kind: { readonly type: number; readonly class: number },
): string | undefined {
  const length = end - wire.at;
  if (kind.class === CLASS_IN) {
    if (kind.type === TYPE_A) return length === 4 ? ipv4Text(wire.bytes, wire.at) : undefined;
    if (kind.type === TYPE_AAAA) return length === 16 ? ipv6Text(wire.bytes, wire.at) : undefined;
  }
  const format = FORMATS[kind.type];
  if (format === undefined) return genericText(wire, end);
  const text = format(wire, end);
  const fits = wire.fault === undefined && wire.at === end;
  wire.fault = undefined;
  return fits ? text : undefined;
}

/** RFC 3597: `\# 4 c0000201`, of long data only the beginning. */
export function genericText(wire: Wire, end: number): string {
  const from = wire.at;
  const length = end - from;
  if (length === 0) return '\\# 0';
  const hex = hexText(wire.bytes, from, Math.min(end, from + MAX_HEX_OCTETS));
  return `\\# ${length} ${hex}${length > MAX_HEX_OCTETS ? '...' : ''}`;
}

function mxText(wire: Wire): string {
  const preference = u16(wire.bytes, wire.at);
  wire.at += 2;
  return `${preference} ${readName(wire)}`;
}

function srvText(wire: Wire): string {
  const { bytes, at } = wire;
  wire.at += 6;
  return `${u16(bytes, at)} ${u16(bytes, at + 2)} ${u16(bytes, at + 4)} ${readName(wire)}`;
}

function soaText(wire: Wire): string {
  let text = readName(wire);
  if (wire.fault === undefined) text += ` ${readName(wire)}`;
  for (let i = 0; i < 5; i++) text += ` ${u32(wire.bytes, wire.at + 4 * i)}`;
  wire.at += 20;
  return text;
}

function stringsText(wire: Wire, end: number): string | undefined {
  const { bytes } = wire;
  const from = wire.at;
  const parts: string[] = [];
  let at = from;
  while (at < end) {
    const next = at + 1 + (bytes[at] ?? 0);
    if (next > end) return undefined;
    if (next - from <= MAX_TEXT_OCTETS)
      parts.push(`"${escapedText(bytes, { from: at + 1, to: next }, '"')}"`);
    else if (parts.at(-1) !== '...') parts.push('...');
    at = next;
  }
  wire.at = at;
  return parts.length === 0 ? undefined : parts.join(' ');
}

function caaText(wire: Wire, end: number): string | undefined {
  const { bytes, at } = wire;
  const tagEnd = at + 2 + (bytes[at + 1] ?? 0);
  if (end - at < 3 || tagEnd === at + 2 || tagEnd > end) return undefined;
  const tag = escapedText(bytes, { from: at + 2, to: tagEnd }, '');
  const valueEnd = Math.min(end, tagEnd + MAX_TEXT_OCTETS);
  const value = escapedText(bytes, { from: tagEnd, to: valueEnd }, '"');
  wire.at = end;
  return `${bytes[at]} ${tag} "${value}"${valueEnd < end ? ' ...' : ''}`;
}
