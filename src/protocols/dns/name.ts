import { knownName } from './known-names.ts';
import type { Wire } from './wire.ts';

/** RFC 1035: octets of a name on the wire, with length octets and the root's zero. */
const MAX_NAME_OCTETS = 255;
/** More than labels fit into a name: honest messages need one or two. */
const MAX_HOPS = 128;
const HEADER_BYTES = 12;
const LABEL_TYPE_BITS = 0xc0;
/** The first names of a message by place: answers point at the question and at each other. */
const REMEMBERED = 8;
const rememberedAt = new Int32Array(REMEMBERED);
const remembered: string[] = Array.from({ length: REMEMBERED }, () => '');
let rememberedCount = 0;

/** To be called before the first name of each message. */
export function forgetNames(): void {
  rememberedCount = 0;
}

/** The name at `wire.at`, which moves behind it. Sets `wire.fault` when it is none. */
export function readName(wire: Wire): string {
  const { bytes, at } = wire;
  const first = bytes[at] ?? 0;
  if (first >= LABEL_TYPE_BITS && at + 1 < wire.end) {
    const place = wire.start + (((first & 0x3f) << 8) | (bytes[at + 1] ?? 0));
    for (let i = 0; i < rememberedCount; i++) {
      if (rememberedAt[i] !== place || place >= at) continue;
      wire.at = at + 2;
      return remembered[i] ?? '';
    }
  }
  return decodeName(wire);
}

function decodeName(wire: Wire): string {
  const from = wire.at;
  const octets = plainLabels(wire.bytes, from, wire.end);
  const text = octets < 0 ? compressedName(wire) : knownName(wire.bytes, { from, octets, hash });
  if (wire.fault !== undefined) return '';
  if (octets >= 0) wire.at = from + octets + 1;
  if (rememberedCount < REMEMBERED) {
    rememberedAt[rememberedCount] = from;
    remembered[rememberedCount++] = text;
  }
  return text;
}

/** Of the labels last read, lengths included. */
let hash = 0;

/** Octets of the labels from `from` to a zero; -1 for compressed names, and for wrong ones. */
function plainLabels(bytes: Uint8Array, from: number, end: number): number {
  let mixed = 0;
  let at = from;
  while (at < end) {
    const size = bytes[at] ?? 0;
    if (size === 0) {
      hash = mixed;
      return at - from;
    }
    const next = at + size + 1;
    if (size > 63 || next >= end || next - from >= MAX_NAME_OCTETS) return -1;
    for (; at < next; at++) mixed = ((mixed << 5) + mixed) ^ (bytes[at] ?? 0);
  }
  return -1;
}

function compressedName(wire: Wire): string {
  const octets = gather(wire);
  return octets < 0 ? '' : knownName(plain, { from: 0, octets, hash });
}

/** The name last gathered, uncompressed and without its last zero. */
const plain = new Uint8Array(MAX_NAME_OCTETS + 1);

/** Where the next label is; behind the name, once a pointer was followed; and before what pointers must lead. */
let labelAt = 0;
let behind = -1;
let ceiling = 0;
let hops = 0;

/** Puts the labels of the name at `wire.at` in a row and moves behind it. Their octets, or -1 and a fault. */
function gather(wire: Wire): number {
  labelAt = wire.at;
  behind = -1;
  ceiling = wire.at;
  hops = 0;
  hash = 0;
  let octets = 0;
  for (let size = labelSize(wire); size !== 0; size = labelSize(wire)) {
    if (size > 63) wire.fault = 'label-type';
    else if (octets + size + 2 > MAX_NAME_OCTETS) wire.fault = 'name-length';
    else if (labelAt + size >= wire.end) wire.fault = 'cut';
    if (size < 0 || wire.fault !== undefined) return -1;
    copyLabel(wire.bytes, octets, size);
    octets += size + 1;
  }
  wire.at = behind < 0 ? labelAt + 1 : behind;
  return octets;
}

/** The octet before the next label, with pointers followed to it; -1 and a fault when there is none. */
function labelSize(wire: Wire): number {
  const { bytes, end } = wire;
  while (labelAt < end) {
    const size = bytes[labelAt] ?? 0;
    if (size < LABEL_TYPE_BITS) return size;
    if (labelAt + 1 >= end) break;
    if (behind < 0) behind = labelAt + 2;
    const target = wire.start + (((size & 0x3f) << 8) | (bytes[labelAt + 1] ?? 0));
    // Leading to before the part of the name that it ends is what makes every chain of pointers end.
    if (target >= ceiling || target < wire.start + HEADER_BYTES || ++hops > MAX_HOPS) {
      wire.fault = 'pointer';
      return -1;
    }
    ceiling = target;
    labelAt = target;
  }
  wire.fault = 'cut';
  return -1;
}

/** Appends the label at `labelAt` with its length. */
function copyLabel(bytes: Uint8Array, to: number, size: number): void {
  const from = labelAt;
  let mixed = hash;
  for (let i = 0; i <= size; i++) {
    const byte = bytes[from + i] ?? 0;
    plain[to + i] = byte;
    mixed = ((mixed << 5) + mixed) ^ byte;
  }
  hash = mixed;
  labelAt = from + size + 1;
}

/** Moves `wire.at` behind the name without following compression. Sets `wire.fault` when there is none. */
export function skipName(wire: Wire): void {
  const { bytes, end } = wire;
  let at = wire.at;
  while (at < end) {
    const size = bytes[at] ?? 0;
    const pointer = size >= LABEL_TYPE_BITS;
    at += pointer ? 2 : size + 1;
    if (size === 0 || pointer) {
      if (at <= end) wire.at = at;
      else wire.fault = 'cut';
      return;
    }
    if (size > 63) wire.fault = 'label-type';
    else if (at - wire.at >= MAX_NAME_OCTETS) wire.fault = 'name-length';
    if (wire.fault !== undefined) return;
  }
  wire.fault = 'cut';
}
