import { knownName, labels } from './known-names.ts';
import type { DnsFault } from './message.ts';
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

/** What is longer is read byte by byte. */
const MAX_COPY = 1024;
/** The present message where words of it can be read, and behind it room for the rest of one. */
const copy = new Uint8Array(MAX_COPY + 8);
const words = new DataView(copy.buffer);
const labelWords = new DataView(labels.buffer);
let isCopied = false;

/** To be called before the first name of a message in `bytes`. */
export function beginNames(bytes: Uint8Array): void {
  rememberedCount = 0;
  isCopied = bytes.length <= MAX_COPY;
  if (isCopied) copy.set(bytes);
}

/** The name at `wire.at`, which moves behind it. Sets `wire.fault` when it is none. */
export function readName(wire: Wire): string {
  const { bytes, at } = wire;
  const first = bytes[at] ?? 0;
  if (first < LABEL_TYPE_BITS || at + 1 >= wire.end) return decodeName(wire, at);
  const place = wire.start + (((first & 0x3f) << 8) | (bytes[at + 1] ?? 0));
  for (let i = 0; i < rememberedCount; i++) {
    if (rememberedAt[i] !== place || place >= at) continue;
    wire.at = at + 2;
    return remembered[i] ?? '';
  }
  return decodeName(wire, place);
}

/** `place`: where pointers to this name lead. */
function decodeName(wire: Wire, place: number): string {
  const octets = gather(wire);
  if (octets < 0) return '';
  const text = knownName(octets);
  if (rememberedCount < REMEMBERED) {
    rememberedAt[rememberedCount] = place;
    remembered[rememberedCount++] = text;
  }
  return text;
}

/** Puts the labels of the name at `wire.at` in a row and moves behind it. Their octets, or -1 and a fault. */
function gather(wire: Wire): number {
  const { bytes, end } = wire;
  let at = wire.at;
  /** Behind the name, once a pointer was followed. */
  let behind = -1;
  let ceiling = at;
  let hops = 0;
  let octets = 0;
  while (at < end) {
    const size = bytes[at] ?? 0;
    if (size === 0) {
      wire.at = behind < 0 ? at + 1 : behind;
      return octets;
    }
    if (size < LABEL_TYPE_BITS) {
      if (!isLabel(wire, at, octets)) return -1;
      copyLabel(bytes, at, octets);
      at += size + 1;
      octets += size + 1;
      continue;
    }
    if (at + 1 >= end) break;
    if (behind < 0) behind = at + 2;
    at = wire.start + (((size & 0x3f) << 8) | (bytes[at + 1] ?? 0));
    // Leading to before the part of the name that it ends is what makes every chain of pointers end.
    if (at >= ceiling || at < wire.start + HEADER_BYTES || ++hops > MAX_HOPS) return wrong(wire, 'pointer');
    ceiling = at;
  }
  return wrong(wire, 'cut');
}

/** Puts the label at `from` behind `to` octets of `labels`. */
function copyLabel(bytes: Uint8Array, from: number, to: number): void {
  const size = bytes[from] ?? 0;
  if (!isCopied) {
    for (let i = 0; i <= size; i++) labels[to + i] = bytes[from + i] ?? 0;
    return;
  }
  // What is copied too much is overwritten, or stands behind the name.
  for (let i = 0; i <= size; i += 4) labelWords.setInt32(to + i, words.getInt32(from + i, true), true);
}

/** Whether the label at `at` can stand behind so many octets. If not, sets `wire.fault`. */
function isLabel(wire: Wire, at: number, octets: number): boolean {
  const size = wire.bytes[at] ?? 0;
  if (size > 63) wire.fault = 'label-type';
  else if (octets + size + 2 > MAX_NAME_OCTETS) wire.fault = 'name-length';
  else if (at + size >= wire.end) wire.fault = 'cut';
  else return true;
  return false;
}

function wrong(wire: Wire, fault: DnsFault): -1 {
  wire.fault = fault;
  return -1;
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
