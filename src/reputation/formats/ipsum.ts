import type { FormatReader } from './format.ts';
import { forEachLine, parseWhole, withoutComment } from './lines.ts';

/** Each blacklist that names an address is worth so much confidence. */
const CONFIDENCE_PER_LIST = 10;
const MAX_COUNT = 1_000_000;

/** IPsum: an address and the number of blacklists that name it. */
export const readIpsum: FormatReader = (text, sink) => {
  forEachLine(text, (raw, line) => {
    const entry = withoutComment(raw);
    if (entry === '') return;
    const [address = '', countText = '', ...rest] = entry.split(/\s+/);
    const count = parseWhole(countText, 1, MAX_COUNT);
    if (count === undefined || rest.length > 0)
      return sink.invalid(line, entry, 'not an address and a number of lists from 1');
    sink.network(line, address, { confidence: Math.min(100, count * CONFIDENCE_PER_LIST) });
  });
};
