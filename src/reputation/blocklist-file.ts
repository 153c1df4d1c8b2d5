import { formatRange, isWholeFamily, parseNetwork } from '../net/prefix.ts';
import { createRangeTable, type RangeTable, withoutDuplicates } from '../net/range-table.ts';

/** A line that was not loaded. `text` is shortened and free of control characters. */
export interface InvalidLine {
  readonly line: number;
  readonly text: string;
  readonly reason: string;
}

/** A network that was written with host bits set, and the network it was loaded as. */
export interface MaskedLine {
  readonly line: number;
  readonly text: string;
  readonly network: string;
}

export interface ParsedBlocklist {
  readonly file: string;
  /** The distinct entries; values are their ids (see `rangeById`). */
  readonly entries: RangeTable;
  readonly stats: {
    /** Lines that hold more than blanks and comments. */
    readonly lines: number;
    readonly v4: number;
    readonly v6: number;
    readonly duplicates: number;
    readonly invalid: number;
    readonly masked: number;
  };
  /** The first `KEPT_LINES` of each; `stats` counts all. */
  readonly invalid: readonly InvalidLine[];
  readonly masked: readonly MaskedLine[];
}

export const KEPT_LINES = 100;
const KEPT_CHARACTERS = 80;
/** `//` begins a comment only after a blank: in `192.0.2.0//24` it is a typing error. */
const COMMENT = /[#;]|(?:^|\s)\/\//;
const LINE_END = /\r\n|\n|\r/g;

/** Reads a plain list: one address, CIDR or `first-last` a line; `#`, `;` and `//` comments. Never throws. */
export function parseBlocklist(text: string, file: string): ParsedBlocklist {
  const builder = createRangeTable();
  const invalid: InvalidLine[] = [];
  const masked: MaskedLine[] = [];
  const counts = { lines: 0, invalid: 0, masked: 0 };

  function readLine(raw: string, line: number): void {
    const entry = withoutComment(raw);
    if (entry === '') return;
    counts.lines++;
    const parsed = parseNetwork(entry);
    const reason = parsed.ok
      ? isWholeFamily(parsed.range)
        ? 'would list every address'
        : ''
      : parsed.reason;
    if (!parsed.ok || reason !== '') {
      counts.invalid++;
      if (invalid.length < KEPT_LINES) invalid.push({ line, text: printable(entry), reason });
      return;
    }
    builder.add(parsed.range, 0);
    if (!parsed.hostBits) return;
    counts.masked++;
    if (masked.length < KEPT_LINES)
      masked.push({ line, text: printable(entry), network: formatRange(parsed.range) });
  }

  forEachLine(text, readLine);
  const { table, duplicates } = withoutDuplicates(builder.build());
  const stats = { ...counts, v4: table.v4.length, v6: table.v6.length, duplicates };
  return { file, entries: table, stats, invalid, masked };
}

function forEachLine(text: string, read: (line: string, number: number) => void): void {
  let start = text.startsWith('\ufeff') ? 1 : 0;
  let number = 0;
  for (const end of text.matchAll(LINE_END)) {
    read(text.slice(start, end.index), ++number);
    start = end.index + end[0].length;
  }
  if (start < text.length) read(text.slice(start), ++number);
}

function withoutComment(line: string): string {
  const comment = line.search(COMMENT);
  return (comment < 0 ? line : line.slice(0, comment)).trim();
}

/** Also a copy: a slice would keep the whole file in memory. */
function printable(text: string): string {
  const shown = Array.from(text.slice(0, KEPT_CHARACTERS), (character) =>
    /\p{C}/u.test(character) ? '\ufffd' : character,
  );
  return shown.join('') + (text.length > KEPT_CHARACTERS ? '...' : '');
}
