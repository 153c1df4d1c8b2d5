/** What a simple STIX pattern looks for, or why it is not simple. */
export type StixPattern =
  | { readonly ok: true; readonly indicators: readonly StixIndicator[] }
  | { readonly ok: false; readonly reason: string };

export interface StixIndicator {
  readonly kind: 'network' | 'name';
  readonly value: string;
}

const KINDS: ReadonlyMap<string, StixIndicator['kind']> = new Map([
  ['ipv4-addr:value', 'network'],
  ['ipv6-addr:value', 'network'],
  ['domain-name:value', 'name'],
]);
/** A literal in quotes, an object path, a word or number, an operator or bracket. */
const TOKEN =
  /\s*(?:'(?:[^'\\]|\\.)*'|[A-Za-z0-9_-]+:[A-Za-z0-9_.'-]+|[A-Za-z0-9_.-]+|!=|<=|>=|[[\]()=,<>])/y;
const MAX_TOKENS = 4096;

/** Reads comparisons of one address or name with `=`, `IN` or `ISSUBSET`, joined by `OR`. */
export function parseStixPattern(pattern: string): StixPattern {
  const found = tokenize(pattern);
  if (!found) return refuse('the pattern cannot be read');
  const tokens: readonly string[] = found;
  const indicators: StixIndicator[] = [];
  let at = 0;
  const take = (token: string): boolean => tokens[at] === token && ++at > 0;

  function comparison(): string | undefined {
    const path = tokens[at++] ?? '';
    const kind = KINDS.get(path);
    if (kind === undefined)
      return path.includes(':') ? `${path} is not matched` : 'the pattern is not simple';
    const operator = tokens[at++];
    if (operator === 'IN') return set(kind);
    if (operator !== '=' && operator !== 'ISSUBSET') return `the operator ${operator ?? ''} is not matched`;
    return literal(kind);
  }
  function literal(kind: StixIndicator['kind']): string | undefined {
    const text = tokens[at++] ?? '';
    if (!text.startsWith("'")) return 'the pattern is not simple';
    indicators.push({ kind, value: text.slice(1, -1).replace(/\\(.)/g, '$1') });
    return undefined;
  }
  function set(kind: StixIndicator['kind']): string | undefined {
    if (!take('(')) return 'the pattern is not simple';
    do {
      const problem = literal(kind);
      if (problem !== undefined) return problem;
    } while (take(','));
    return take(')') ? undefined : 'the pattern is not simple';
  }
  do {
    if (!take('[')) return refuse('the pattern is not simple');
    do {
      const problem = comparison();
      if (problem !== undefined) return refuse(problem);
    } while (take('OR'));
    if (!take(']')) return refuse('the pattern is not simple: only OR joins comparisons');
  } while (take('OR'));
  return at === tokens.length ? { ok: true, indicators } : refuse('the pattern is not simple');
}

function tokenize(pattern: string): string[] | undefined {
  const tokens: string[] = [];
  const text = pattern.trimEnd();
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match || tokens.length === MAX_TOKENS) return undefined;
    tokens.push(match[0].trim());
    at = TOKEN.lastIndex;
  }
  return tokens;
}

function refuse(reason: string): StixPattern {
  return { ok: false, reason };
}
