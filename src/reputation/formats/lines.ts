/** Lines end with LF, CRLF or CR alone. A byte order mark is passed over; numbers begin with 1. */
export function forEachLine(text: string, read: (line: string, number: number) => void): void {
  let start = text.startsWith('\ufeff') ? 1 : 0;
  let number = 0;
  while (start < text.length) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    number = readPiece(text.slice(start, end), number, read);
    start = end + 1;
  }
}

/** A piece without LF; gives the number of the last line. */
function readPiece(piece: string, before: number, read: (line: string, number: number) => void): number {
  if (!piece.includes('\r')) {
    read(piece, before + 1);
    return before + 1;
  }
  const whole = piece.endsWith('\r') ? piece.slice(0, -1) : piece;
  let number = before;
  for (const line of whole.split('\r')) read(line, ++number);
  return number;
}

/** `//` begins a comment only after a blank: in `192.0.2.0//24` it is a typing error. */
const COMMENT = /[#;]|(?:^|\s)\/\//;

/** The line without comment and surrounding blanks. */
export function withoutComment(line: string): string {
  const comment = line.search(COMMENT);
  return (comment < 0 ? line : line.slice(0, comment)).trim();
}

/** Epoch milliseconds of `YYYY-MM-DD[ T]hh:mm:ss` (UTC unless it says otherwise) or a date alone; else undefined. */
export function parseTime(text: string | undefined): number | undefined {
  const match = TIME.exec(text?.trim() ?? '');
  if (!match) return undefined;
  const [, date = '', clock = '00:00:00', zone = 'Z'] = match;
  const ms = Date.parse(`${date}T${clock}${/^(?:|Z|UTC)$/i.test(zone.trim()) ? 'Z' : zone.trim()}`);
  return Number.isNaN(ms) ? undefined : ms;
}

const TIME =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(\s?(?:Z|UTC|[+-]\d\d:?\d\d)?)?)?$/i;

/** A whole number from `min` to `max` in plain digits, or undefined. */
export function parseWhole(text: string, min: number, max: number): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
