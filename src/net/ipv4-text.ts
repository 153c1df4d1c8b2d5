const DOT = 46;
const ZERO = 48;

/** Value of the dotted quad that fills `text` from `start` to its end, or -1 when it is not exactly one. */
export function parseIpv4Word(text: string, start: number): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = -1;
    } else {
      octet = appendDigit(octet, code - ZERO);
      if (octet < 0) return -1;
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

/** A second digit after 0 is refused: some parsers read `010` as octal 8. */
function appendDigit(octet: number, digit: number): number {
  if (digit < 0 || digit > 9 || octet === 0) return -1;
  const next = octet < 0 ? digit : octet * 10 + digit;
  return next > 255 ? -1 : next;
}
