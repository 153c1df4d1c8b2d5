import type { FormatName } from '../../model/list-formats.ts';
import { parseNetwork } from '../../net/prefix.ts';
import { hostName } from '../host-name.ts';
import { csvHeader } from './csv.ts';
import { forEachLine, withoutComment } from './lines.ts';

/** Lines that are looked at: what a file begins with tells what it is. */
const SAMPLE_LINES = 2000;
const SAMPLE_CHARACTERS = 262_144;

/** The format of a list, by its content alone. What looks like nothing else is taken as plain. */
export function detectFormat(text: string): FormatName {
  const sample = text.slice(0, SAMPLE_CHARACTERS);
  return jsonFormat(sample.replace(/^\ufeff/, '').trimStart(), text) ?? textFormat(sample);
}

function jsonFormat(start: string, whole: string): FormatName | undefined {
  if (!start.startsWith('{') && !start.startsWith('[')) return undefined;
  const firstLine = start.slice(0, start.search(/[\r\n]|$/));
  if (/^\{.*"(?:cidr|asn|sblid)"\s*:/.test(firstLine) || /^\{\s*"type"\s*:\s*"metadata"/.test(firstLine))
    return 'spamhaus-json';
  if (/"type"\s*:\s*"bundle"/.test(start) || /"spec_version"\s*:\s*"2/.test(start)) return 'stix';
  if (/"(?:Event|Attribute|response)"\s*:/.test(start)) return 'misp';
  if (/"(?:matching_attributes|list)"\s*:/.test(start)) return 'misp-warninglist';
  // A bundle may well say last what it is.
  if (/"type"\s*:\s*"bundle"/.test(whole)) return 'stix';
  return undefined;
}

/** Shapes of whole lines, the narrower before the wider; a file has the first that most of its lines have. */
const SHAPES: readonly (readonly [FormatName, (line: string) => boolean])[] = [
  ['ipsum', (line) => /^[0-9a-fA-F.:]+[\t ]+\d{1,4}$/.test(line)],
  ['iprep', (line) => /^[0-9a-fA-F.:/]+\s*,\s*\d{1,2}\s*,\s*\d{1,3}$/.test(line)],
  ['iprep-categories', (line) => /^\d{1,2},[A-Za-z][^,]*,/.test(line)],
  [
    'hosts',
    (line) => /^(?:[0-9.]{7,15}|[0-9a-fA-F:]*:[0-9a-fA-F:]*(?:%\w+)?)[\t ]+[A-Za-z0-9_*-]/.test(line),
  ],
];

function textFormat(sample: string): FormatName {
  const { header, lines, isDrop, isNetset } = readSample(sample);
  if (header !== undefined) return header;
  for (const [format, isShape] of SHAPES) {
    const hits = lines.filter(isShape).length;
    if (hits > 0 && hits * 2 > lines.length) return format;
  }
  if (isDrop) return 'spamhaus-drop';
  if (isNetset) return 'netset';
  return lines.some(isDomain) ? 'domains' : 'plain';
}

interface Sample {
  /** What a line with column names or a magic word says. */
  header: FormatName | undefined;
  /** The first lines without comments. */
  readonly lines: string[];
  isDrop: boolean;
  isNetset: boolean;
}

const IPREP_HEADER = /^#.*\bcategory\b.*\bscore\b/i;

function readSample(text: string): Sample {
  const sample: Sample = { header: undefined, lines: [], isDrop: false, isNetset: false };
  forEachLine(text, (raw) => {
    if (sample.lines.length >= SAMPLE_LINES || sample.header !== undefined) return;
    if (/^#fields\t.*\bindicator\b/.test(raw)) sample.header = 'zeek-intel';
    // Data of most formats is no header, because a header is made of words alone.
    else if (raw.includes(',') && !IPREP_HEADER.test(raw) && csvHeader(raw)) sample.header = 'csv';
    if (/;\s*SBL\d+/.test(raw)) sample.isDrop = true;
    if (/^#.*(?:firehol|ipset)|^#\s*(?:Entries|Maintainer)\s*:/i.test(raw)) sample.isNetset = true;
    const line = withoutComment(raw);
    if (line !== '') sample.lines.push(line);
  });
  return sample;
}

function isDomain(line: string): boolean {
  const name = line.replace(/^\|\|([^\s/^|$*]+)\^?$/, '$1').replace(/^\*?\./, '');
  return !parseNetwork(name).ok && hostName(name).ok;
}
