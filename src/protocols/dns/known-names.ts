/** Names recur in questions, responses and answers: the last ones are kept, each in its place by hash. */
const SLOTS = 8192;
/** Longer names are made anew each time. */
const SLOT_OCTETS = 64;
const keptOctets = new Uint8Array(SLOTS * SLOT_OCTETS);
const keptLengths = new Uint8Array(SLOTS);
const keptTexts: string[] = Array.from({ length: SLOTS }, () => '');

const DOT = 46;
const BACKSLASH = 92;
/** Lower case of each octet that is shown as it is; 0 for the others. */
const SHOWN = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code++) {
  if (code !== DOT && code !== BACKSLASH) SHOWN[code] = code >= 65 && code <= 90 ? code + 32 : code;
}

export interface Labels {
  readonly from: number;
  /** Lengths included, without the last zero. */
  readonly octets: number;
  /** Any hash of these octets. */
  readonly hash: number;
}

/** Text of the name that these labels of `bytes` make. */
export function knownName(bytes: Uint8Array, { from, octets, hash }: Labels): string {
  if (octets === 0) return '.';
  if (octets > SLOT_OCTETS) return nameText(bytes, from, octets);
  const slot = (hash ^ (hash >>> 13)) & (SLOTS - 1);
  if (keptLengths[slot] === octets && isKept(bytes, from, slot)) return keptTexts[slot] ?? '';
  const text = nameText(bytes, from, octets);
  for (let i = 0; i < octets; i++) keptOctets[slot * SLOT_OCTETS + i] = bytes[from + i] ?? 0;
  keptLengths[slot] = octets;
  keptTexts[slot] = text;
  return text;
}

function isKept(bytes: Uint8Array, from: number, slot: number): boolean {
  const keptFrom = slot * SLOT_OCTETS;
  const octets = keptLengths[slot] ?? 0;
  for (let i = 0; i < octets; i++) {
    if (keptOctets[keptFrom + i] !== bytes[from + i]) return false;
  }
  return true;
}

/** Character codes of a name on its way to a string. */
const codes: number[] = [];

function nameText(bytes: Uint8Array, from: number, octets: number): string {
  codes.length = 0;
  let labelEnd = from;
  for (let i = from; i < from + octets; i++) {
    const octet = bytes[i] ?? 0;
    if (i === labelEnd) {
      if (i > from) codes.push(DOT);
      labelEnd = i + 1 + octet;
    } else {
      const shown = SHOWN[octet] ?? 0;
      if (shown !== 0) codes.push(shown);
      else pushEscaped(octet);
    }
  }
  // One call makes one flat string: joined pieces would have to be flattened for every map they enter.
  return String.fromCharCode.apply(null, codes);
}

function pushEscaped(octet: number): void {
  codes.push(BACKSLASH);
  if (octet === DOT || octet === BACKSLASH) codes.push(octet);
  else codes.push(48 + Math.floor(octet / 100), 48 + (Math.floor(octet / 10) % 10), 48 + (octet % 10));
}
