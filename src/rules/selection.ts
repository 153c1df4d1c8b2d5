import { compileGlob } from '../net/glob.ts';
import type { DocumentHead } from './compile.ts';
import { LEVELS, type Level } from './syntax/metadata.ts';

/** Which rules take part, and which only count. */
export interface SelectionOptions {
  /** When it is not empty, only rules that one of these picks take part. */
  readonly only: readonly string[];
  readonly disable: readonly string[];
  /** Rules that are counted and do not alert. */
  readonly shadow: readonly string[];
  readonly minLevel: Level;
}

export const EVERYTHING: SelectionOptions = { only: [], disable: [], shadow: [], minLevel: 'informational' };

export interface Selection {
  /** Why a rule takes no part; undefined when it does. */
  excluded(document: DocumentHead): string | undefined;
  isShadow(document: DocumentHead): boolean;
}

type Test = (document: DocumentHead) => boolean;

/** What a selector may look at: `id:`, `tag:`, `level:`, `status:`, `title:`, `file:`, or none for id, name or title. */
const KINDS: Readonly<Record<string, (document: DocumentHead) => readonly (string | undefined)[]>> = {
  id: ({ meta }) => [meta.id, meta.name],
  tag: ({ meta }) => meta.tags,
  level: ({ meta }) => [meta.level ?? 'medium'],
  status: ({ meta }) => [meta.status],
  title: ({ meta }) => [meta.title],
  file: ({ file }) => [file],
};
export const SELECTOR = /^(?:(?:id|tag|level|status|title|file):)?\S.*$/;

/** `*` in a selector matches any run of characters; case does not count. */
export function createSelection({ only, disable, shadow, minLevel }: SelectionOptions): Selection {
  const wanted = only.map(selector);
  const unwanted = disable.map((text) => [text, selector(text)] as const);
  const quiet = shadow.map(selector);
  const floor = LEVELS.indexOf(minLevel);
  return {
    excluded(document) {
      if (LEVELS.indexOf(document.meta.level ?? 'medium') < floor) return `its level is below ${minLevel}`;
      if (wanted.length > 0 && !wanted.some((test) => test(document))) return 'rules.only does not pick it';
      const found = unwanted.find(([, test]) => test(document));
      return found === undefined ? undefined : `rules.disable has "${found[0]}"`;
    },
    isShadow: (document) => quiet.some((test) => test(document)),
  };
}

function selector(text: string): Test {
  const colon = text.indexOf(':');
  const read = colon < 0 ? undefined : KINDS[text.slice(0, colon)];
  const matches = compileGlob((read === undefined ? text : text.slice(colon + 1)).toLowerCase());
  const valuesOf = read ?? (({ meta }: DocumentHead) => [meta.id, meta.name, meta.title]);
  return (document) =>
    valuesOf(document).some((value) => value !== undefined && matches(value.toLowerCase()));
}
