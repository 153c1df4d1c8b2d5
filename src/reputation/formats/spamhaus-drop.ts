import type { FormatReader } from './format.ts';
import { forEachLine } from './lines.ts';

const ENTRY = /^([^\s;]+)\s*(?:;\s*(\S+).*)?$/;
const AS_NUMBER = /^AS\d+$/i;

/** Spamhaus DROP text: `network ; SBL number`; everything behind `;` at the start of a line is a comment. */
export const readSpamhausDrop: FormatReader = (text, sink) => {
  forEachLine(text, (raw, line) => {
    const entry = raw.trim();
    if (entry === '' || entry.startsWith(';') || entry.startsWith('#')) return;
    const [, network, reference] = ENTRY.exec(entry) ?? [];
    if (network === undefined) return sink.invalid(line, entry, 'not "network ; reference"');
    if (AS_NUMBER.test(network)) return sink.ignored(line, entry, 'AS numbers are not matched');
    sink.network(line, network, reference === undefined ? {} : { reference });
  });
};
