import type { FormatReader } from './format.ts';
import { forEachLine, withoutComment } from './lines.ts';

/** One address, CIDR or `first-last` a line; `#`, `;` and `//` comments. */
export const readPlain: FormatReader = (text, sink) => {
  forEachLine(text, (raw, line) => {
    const entry = withoutComment(raw);
    if (entry !== '') sink.network(line, entry);
  });
};
