import { nameBuffers } from '../net/name-table.ts';
import { buffersOf } from '../net/sorted-ranges.ts';
import { parseList } from './parse-list.ts';
import type { ParsedList, ParseOptions, RowNotes } from './parsed-list.ts';

export type ParseOutcome =
  | { readonly kind: 'parsed'; readonly parsed: ParsedList }
  | { readonly kind: 'refused'; readonly reason: string };

/** Reads the bytes of a list file; refuses what is no UTF-8 text. Never throws. */
export function parseBytes(bytes: Uint8Array<ArrayBuffer>, options: ParseOptions): ParseOutcome {
  if (bytes.includes(0)) return { kind: 'refused', reason: binaryReason(bytes) };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  return { kind: 'parsed', parsed: parseList(text, options) };
}

function binaryReason(bytes: Uint8Array): string {
  const mark = `${bytes[0]},${bytes[1]}`;
  const isUtf16 = mark === '255,254' || mark === '254,255';
  return isUtf16 ? 'the file is UTF-16; save it as UTF-8' : 'the file is binary (it holds NUL bytes)';
}

/** The arrays of a list, to be moved to another thread. */
export function listBuffers({ v4, v6, names, facts }: ParsedList): ArrayBuffer[] {
  const rows = (notes: RowNotes) => [notes.line.buffer, notes.facts.buffer];
  return [
    ...buffersOf(v4),
    ...rows(v4),
    ...buffersOf(v6),
    ...rows(v6),
    ...nameBuffers(names),
    ...rows(names),
    facts.pool.buffer,
    facts.start.buffer,
  ];
}
