import type { EntryFacts, ListDirection } from '../../model/lookup.ts';
import type { FormatReader, ListSink } from './format.ts';
import { known } from './json.ts';
import { forEachLine, parseWhole } from './lines.ts';

/** The address that `Conn::IN_RESP` speaks of is that of the server: connections out to it match. */
const DIRECTIONS: ReadonlyMap<string, ListDirection> = new Map([
  ['Conn::IN_RESP', 'outbound'],
  ['Conn::IN_ORIG', 'inbound'],
]);

interface Row {
  readonly line: number;
  readonly text: string;
  /** A column's value; empty when it is unset (`-`). */
  readonly get: (column: string) => string;
}

/** Zeek's intel files: tab-separated columns that a `#fields` line names. */
export const readZeekIntel: FormatReader = (text, sink) => {
  const rows: Row[] = [];
  let columns: readonly string[] | undefined;
  forEachLine(text, (raw, line) => {
    if (raw.startsWith('#fields')) columns = raw.trimEnd().split('\t').slice(1);
    if (raw.trim() === '' || raw.startsWith('#')) return;
    if (!columns) return sink.invalid(line, raw, 'no "#fields" line before it');
    const fields = raw.split('\t');
    const places = columns;
    const get = (column: string): string => {
      const value = fields[places.indexOf(column)]?.trim() ?? '';
      return value === '-' ? '' : value;
    };
    rows.push({ line, text: raw, get });
  });
  const removed = new Set(rows.filter(({ get }) => get('meta.remove') === 'T').map(identity));
  for (const row of rows) readRow(row, removed, sink);
};

function identity({ get }: Row): string {
  return [get('indicator').toLowerCase(), get('indicator_type'), get('meta.source')].join('\t');
}

function readRow(row: Row, removed: ReadonlySet<string>, sink: ListSink) {
  const { line, text, get } = row;
  const indicator = get('indicator');
  const type = get('indicator_type');
  if (indicator === '' || type === '') return sink.invalid(line, text, 'no indicator or no indicator_type');
  if (removed.has(identity(row))) return sink.ignored(line, indicator, 'marked for removal (meta.remove)');
  if (get('meta.whitelist') === 'T')
    return sink.ignored(line, indicator, 'marked as harmless (meta.whitelist)');
  if (type === 'Intel::ADDR' || type === 'Intel::SUBNET') return sink.network(line, indicator, factsOf(row));
  if (type === 'Intel::DOMAIN') return sink.name(line, indicator, factsOf(row));
  if (!type.startsWith('Intel::')) return sink.invalid(line, text, 'the indicator_type is not one of Zeek');
  sink.ignored(line, indicator, `${type} is not matched`);
}

function factsOf({ get }: Row): EntryFacts {
  return known({
    category: get('meta.category') || get('meta.desc') || undefined,
    confidence: parseWhole(get('meta.confidence'), 0, 100),
    direction: DIRECTIONS.get(get('meta.if_in')),
    reference: get('meta.url') || get('meta.source') || undefined,
  });
}
