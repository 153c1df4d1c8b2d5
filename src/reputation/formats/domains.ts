import type { FormatReader } from './format.ts';
import { forEachLine, withoutComment } from './lines.ts';

/** `||example.com^`, the form of ad blockers; options after it would change what it means. */
const BLOCKER = /^\|\|([^\s/^|$*]+)\^?$/;
/** `! comment` and `[Adblock Plus 2.0]`. */
const BLOCKER_NOTE = /^(?:!|\[[^\]]*\]$)/;
/** `*.example.com` and `.example.com` mean the same as `example.com` here. */
const WILDCARD = /^\*?\.(?=[^.])/;

/** One host name (or network) a line. */
export const readDomains: FormatReader = (text, sink) => {
  forEachLine(text, (raw, line) => {
    const entry = withoutComment(raw);
    if (entry === '' || BLOCKER_NOTE.test(entry)) return;
    const name = (BLOCKER.exec(entry)?.[1] ?? entry).replace(WILDCARD, '');
    sink.either(line, name);
  });
};
