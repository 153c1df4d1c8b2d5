/** Names recur in questions, responses and answers: the last ones are kept, each in its place by hash. */
const SLOTS = 8192;
/** Longer names are made anew each time. */
const SLOT_OCTETS = 64;
const SLOT_WORDS = SLOT_OCTETS / 4;
const keptWords = new Int32Array(SLOTS * SLOT_WORDS);
const keptLengths = new Uint8Array(SLOTS);
const keptTexts: string[] = Array.from({ length: SLOTS }, () => '');
const MIX = 0x9e3779b1;

/** Octets of a name without its last zero, and as many behind it as make a word. */
const MAX_LABELS_OCTETS = 254;
/** The labels of a name in a row, lengths included: for `knownName`, which reads them in words. */
export const labels = new Uint8Array(MAX_LABELS_OCTETS + 6);
const labelWords = new Int32Array(labels.buffer);

const DOT = 46;
const BACKSLASH = 92;
/** Lower case of each octet that is shown as it is; 0 for the others. */
const SHOWN = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code++) {
  if (code !== DOT && code !== BACKSLASH) SHOWN[code] = code >= 65 && code <= 90 ? code + 32 : code;
}

/** Text of the name whose labels are the first `octets` of `labels`. */
export function knownName(octets: number): string {
  if (octets === 0) return '.';
  if (octets > SLOT_OCTETS) return nameText(octets);
  labels[octets] = 0;
  labels[octets + 1] = 0;
  labels[octets + 2] = 0;
  const words = (octets + 3) >> 2;
  let hash = 0;
  for (let i = 0; i < words; i++) hash = Math.imul((hash << 15) ^ (hash >>> 17) ^ (labelWords[i] ?? 0), MIX);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  if (keptLengths[slot] === octets && isKept(slot * SLOT_WORDS, words)) return keptTexts[slot] ?? '';
  const text = nameText(octets);
  for (let i = 0; i < words; i++) keptWords[slot * SLOT_WORDS + i] = labelWords[i] ?? 0;
  keptLengths[slot] = octets;
  keptTexts[slot] = text;
  return text;
}

function isKept(from: number, words: number): boolean {
  for (let i = 0; i < words; i++) {
    if (keptWords[from + i] !== labelWords[i]) return false;
  }
  return true;
}

/** Arrays of character codes by their length, used again for each name: growing one takes as long as all the rest. */
const codesOf: number[][] = Array.from({ length: MAX_LABELS_OCTETS }, (_, length) =>
  Array.from({ length }, () => 0),
);

function nameText(octets: number): string {
  const codes = codesOf[octets - 1] ?? [];
  let labelEnd = (labels[0] ?? 0) + 1;
  for (let i = 1; i < octets; i++) {
    const octet = labels[i] ?? 0;
    let code = SHOWN[octet] ?? 0;
    if (i === labelEnd) {
      code = DOT;
      labelEnd += octet + 1;
    }
    if (code === 0) return escapedName(octets);
    codes[i - 1] = code;
  }
  // One call makes one flat string: joined pieces would have to be flattened for every map they enter.
  return String.fromCharCode.apply(null, codes);
}

function escapedName(octets: number): string {
  const codes: number[] = [];
  let labelEnd = 0;
  for (let i = 0; i < octets; i++) {
    const octet = labels[i] ?? 0;
    if (i === labelEnd) {
      if (i > 0) codes.push(DOT);
      labelEnd = i + 1 + octet;
    } else {
      const shown = SHOWN[octet] ?? 0;
      if (shown !== 0) codes.push(shown);
      else pushEscaped(codes, octet);
    }
  }
  return String.fromCharCode.apply(null, codes);
}

function pushEscaped(codes: number[], octet: number): void {
  codes.push(BACKSLASH);
  if (octet === DOT || octet === BACKSLASH) codes.push(octet);
  else codes.push(48 + Math.floor(octet / 100), 48 + (Math.floor(octet / 10) % 10), 48 + (octet % 10));
}
