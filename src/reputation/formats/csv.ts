import type { EntryFacts } from '../../model/lookup.ts';
import { parseCsvRow } from '../../net/csv-row.ts';
import { parseIp } from '../../net/ip.ts';
import type { FormatReader, ListSink } from './format.ts';
import { known } from './json.ts';
import { forEachLine, parseTime, parseWhole } from './lines.ts';

/** What a column means, by the names that abuse.ch and others give it (lower case). */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  indicator: ['dst_ip', 'dstip', 'ip', 'ip_address', 'ipaddress', 'ioc_value', 'ioc', 'cidr', 'indicator'],
  name: ['domain', 'host', 'hostname'],
  url: ['url'],
  kind: ['ioc_type', 'type'],
  port: ['dst_port', 'dstport', 'port'],
  firstSeen: ['first_seen_utc', 'first_seen', 'firstseen', 'dateadded'],
  lastOnline: ['last_online'],
  status: ['c2_status', 'url_status', 'status'],
  confidence: ['confidence_level', 'confidence'],
  malware: ['malware_printable', 'malware', 'fk_malware'],
  category: ['threat_type', 'threat', 'category'],
  reference: ['reference', 'urlhaus_link', 'link'],
};
type Column = keyof typeof COLUMNS;

/** A server that went offline stays listed for so long after it was last seen. */
const OFFLINE_DAYS = 30;
const DAY_MS = 86_400_000;
const HOST_PORT = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/;
const URL_HOST = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]]+\]|[^/:?#]+)(?::(\d{1,5}))?/i;

const USUAL_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
  ['ftp', 21],
]);

/** Columns by name, if the line is a header that says where the indicators are. */
export function csvHeader(line: string): ReadonlyMap<Column, number> | undefined {
  const fields = parseCsvRow(line.replace(/^#+/, '').trim())?.map((field) => field.toLowerCase());
  if (!fields || fields.length < 2 || !fields.every((field) => /^[\w-]*$/.test(field))) return undefined;
  const places = new Map<Column, number>();
  for (const [column, names] of Object.entries(COLUMNS)) {
    const name = names.find((each) => fields.includes(each));
    if (name !== undefined) places.set(column, fields.indexOf(name));
  }
  // One known word alone may be chance in a comment.
  if (line.startsWith('#') && places.size < 2) return undefined;
  return places.has('indicator') || places.has('name') || places.has('url') ? places : undefined;
}

/** CSV with a header, commented out or not, such as those of abuse.ch (Feodo, SSLBL, ThreatFox, URLhaus). */
export const readCsv: FormatReader = (text, sink) => {
  let header: ReadonlyMap<Column, number> | undefined;
  let headerText = '';
  forEachLine(text, (raw, line) => {
    const row = raw.trim();
    if (row === '') return;
    if (!header) {
      header = csvHeader(row);
      headerText = row;
    }
    if (row.startsWith('#') || (header && row === headerText)) return;
    if (!header) return sink.invalid(line, row, 'no header before it says what the columns are');
    readRow({ line, row, header, sink });
  });
};

interface Row {
  readonly line: number;
  readonly row: string;
  readonly header: ReadonlyMap<Column, number>;
  readonly sink: ListSink;
}

function readRow({ line, row, header, sink }: Row) {
  const fields = parseCsvRow(row);
  if (!fields) return sink.invalid(line, row, 'quotes that do not match');
  const get = (column: Column): string => fields[header.get(column) ?? -1] ?? '';
  const facts = factsOf(get);
  const port = get('port');
  if (port !== '' && parseWhole(port, 1, 65_535) === undefined)
    return sink.invalid(line, row, 'the port is not a number from 1 to 65535');
  const indicator = get('indicator') || get('name') || get('url');
  if (indicator === '') return sink.invalid(line, row, 'no indicator in this row');
  const kind = get('kind').toLowerCase();
  if (/hash|md5|sha\d/.test(kind)) return sink.ignored(line, indicator, `${kind} is not matched`);
  if (indicator.includes('://')) return readUrl({ line, indicator, facts, sink });
  const [, v6, host = v6, hostPort] = HOST_PORT.exec(indicator) ?? [];
  if (host === undefined) return sink.either(line, indicator, facts);
  const number = parseWhole(hostPort ?? '', 1, 65_535);
  if (number === undefined) return sink.invalid(line, row, 'the port is not a number from 1 to 65535');
  sink.either(line, host, { ...facts, port: number });
}

function factsOf(get: (column: Column) => string): EntryFacts {
  const lastOnlineMs = parseTime(get('lastOnline'));
  const isOffline = get('status').toLowerCase() === 'offline';
  return known({
    category: get('malware') || get('category') || undefined,
    confidence: parseWhole(get('confidence'), 0, 100),
    port: parseWhole(get('port'), 1, 65_535),
    firstSeenMs: parseTime(get('firstSeen')),
    expiresMs: isOffline && lastOnlineMs !== undefined ? lastOnlineMs + OFFLINE_DAYS * DAY_MS : undefined,
    reference: get('reference') || undefined,
  });
}

interface UrlRow {
  readonly line: number;
  readonly indicator: string;
  readonly facts: EntryFacts;
  readonly sink: ListSink;
}

/** Only hosts that are addresses: a named host of a bad URL may well serve a million good ones. */
function readUrl({ line, indicator, facts, sink }: UrlRow) {
  const [, bracketed = '', port] = URL_HOST.exec(indicator) ?? [];
  const host = bracketed.replace(/^\[|\]$/g, '');
  if (!parseIp(host)) return sink.ignored(line, indicator, 'URLs of named hosts are not matched');
  const scheme = indicator.slice(0, indicator.indexOf(':')).toLowerCase();
  const number = port === undefined ? USUAL_PORTS.get(scheme) : parseWhole(port, 1, 65_535);
  sink.network(line, host, number === undefined ? facts : { ...facts, port: number });
}
