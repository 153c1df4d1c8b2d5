import type { FormatReader } from './format.ts';
import { asText, isObject, jsonProblem, known, parseJson } from './json.ts';
import { forEachLine } from './lines.ts';

/** Spamhaus DROP as JSON lines; the last one is metadata with the number of records. */
export const readSpamhausJson: FormatReader = (text, sink) => {
  forEachLine(text, (raw, line) => {
    const entry = raw.trim();
    if (entry === '') return;
    const record = parseJson(entry);
    if (!isObject(record)) return sink.invalid(line, entry, jsonProblem(entry));
    if (record.type === 'metadata') {
      if (typeof record.records === 'number') sink.declared(record.records);
      return;
    }
    if (record.asn !== undefined) return sink.ignored(line, entry, 'AS numbers are not matched');
    const network = asText(record.cidr);
    if (network === undefined) return sink.invalid(line, entry, 'no "cidr"');
    sink.network(line, network, known({ reference: asText(record.sblid) }));
  });
};
