import type { Problems } from './problem.ts';
import { quoted } from './problem.ts';

/** A condition as written, selectors resolved to the detections that they name. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'name'; readonly name: string };

const MAX_LENGTH = 65_536;
const MAX_DEPTH = 64;
const TOKEN = /\s+|\(|\)|[A-Za-z0-9_*-]+|[\s\S]/y;
const NAME = /^[A-Za-z0-9_-]+$/;
const SELECTOR = /^[A-Za-z0-9_*-]+$/;
const KEYWORDS = new Set(['and', 'or', 'not', 'of', 'all', 'any', 'them', '1']);

export interface ConditionSource {
  readonly text: string;
  readonly offset: number;
  /** Names of the detections that the condition may use. */
  readonly names: readonly string[];
}

/** Reads one condition; undefined, with the problem reported, when it is malformed. */
export function parseCondition(source: ConditionSource, problems: Problems): Condition | undefined {
  const { text, offset } = source;
  if (text.length > MAX_LENGTH) {
    problems.error(
      'value-limit',
      offset,
      `the condition has ${text.length} characters; the limit is ${MAX_LENGTH}`,
    );
    return undefined;
  }
  try {
    return new Parser(source, problems).parse();
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    problems.error(error.code, offset, error.message);
    return undefined;
  }
}

type ErrorCode = 'condition-syntax' | 'condition-undefined' | 'condition-aggregation';

class ConditionError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #names: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #source: ConditionSource;
  readonly #problems: Problems;
  #at = 0;
  #depth = 0;

  constructor(source: ConditionSource, problems: Problems) {
    this.#source = source;
    this.#problems = problems;
    this.#names = source.names;
    this.#known = new Set(source.names);
    this.#tokens = [...tokens(source.text)].map((token) => this.#lower(token));
  }

  parse(): Condition {
    if (this.#tokens.length === 0) throw new ConditionError('condition-syntax', 'the condition is empty');
    const condition = this.#or();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw this.#unexpected(rest);
    return condition;
  }

  /** Upper-case keywords are an error elsewhere; a detection of that very name wins. */
  #lower(token: string): string {
    const lower = token.toLowerCase();
    if (token === lower || !KEYWORDS.has(lower) || this.#known.has(token)) return token;
    const message = `write ${quoted(lower)} instead of ${quoted(token)}: other Sigma tools refuse upper case`;
    this.#problems.warn('condition-case', this.#source.offset, message);
    return lower;
  }

  #or(): Condition {
    const of = [this.#and()];
    while (this.#take('or')) of.push(this.#and());
    return join('or', of);
  }

  #and(): Condition {
    const of = [this.#not()];
    while (this.#take('and')) of.push(this.#not());
    return join('and', of);
  }

  #not(): Condition {
    if (++this.#depth > MAX_DEPTH)
      throw new ConditionError('condition-syntax', `the condition is nested deeper than ${MAX_DEPTH} levels`);
    const condition: Condition = this.#take('not') ? { kind: 'not', of: this.#not() } : this.#primary();
    this.#depth--;
    return condition;
  }

  #primary(): Condition {
    const token = this.#next();
    if (token === '(') {
      const inner = this.#or();
      const close = this.#next();
      if (close !== ')') throw this.#unexpected(close);
      return inner;
    }
    if (this.#tokens[this.#at] === 'of') return this.#selection(token);
    if (!NAME.test(token) || (KEYWORDS.has(token) && !this.#known.has(token))) throw this.#unexpected(token);
    if (!this.#known.has(token)) throw this.#undefined(token);
    return { kind: 'name', name: token };
  }

  #selection(quantifier: string): Condition {
    this.#at++;
    if (!['1', 'any', 'all'].includes(quantifier))
      throw new ConditionError(
        'condition-syntax',
        `${quoted(`${quantifier} of`)}: only "1 of", "any of" and "all of" exist`,
      );
    const selector = this.#next();
    if (!SELECTOR.test(selector)) throw this.#unexpected(selector);
    const names = selectNames(selector, this.#names);
    if (names.length === 0)
      throw new ConditionError('condition-undefined', `no detection is named like ${quoted(selector)}`);
    return join(
      quantifier === 'all' ? 'and' : 'or',
      names.map((name) => ({ kind: 'name', name })),
    );
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new ConditionError('condition-syntax', 'the condition ends too early');
    this.#at++;
    return token;
  }

  #take(word: string): boolean {
    if (this.#tokens[this.#at] !== word) return false;
    this.#at++;
    return true;
  }

  #unexpected(token: string): ConditionError {
    return token === '|'
      ? new ConditionError(
          'condition-aggregation',
          'the old "|" aggregation is no longer part of Sigma; write a correlation document',
        )
      : new ConditionError('condition-syntax', `${quoted(token)} cannot stand here`);
  }

  #undefined(name: string): ConditionError {
    const list = this.#names.slice(0, 10).map(quoted).join(', ');
    return new ConditionError(
      'condition-undefined',
      `no detection is named ${quoted(name)}; there are: ${list}`,
    );
  }
}

const join = (kind: 'and' | 'or', of: readonly Condition[]): Condition => {
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind, of };
};

function* tokens(text: string): Generator<string> {
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    if (match[0].trim() !== '') yield match[0];
  }
}

/** `them` and patterns do not reach detections that begin with `_`, unless they begin with it, too. */
function selectNames(selector: string, names: readonly string[]): readonly string[] {
  const visible = names.filter((name) => selector.startsWith('_') || !name.startsWith('_'));
  if (selector === 'them') return visible;
  return visible.filter((name) => matchesSelector(selector, name));
}

/** `*` stands for any run of characters. Linear in both. */
function matchesSelector(selector: string, name: string): boolean {
  const parts = selector.split('*');
  const first = parts.shift() ?? '';
  const last = parts.pop();
  if (last === undefined) return name === selector;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}

/** The condition without these names: they disappear from where they stand. undefined when nothing is left. */
export function withoutNames(condition: Condition, names: readonly string[]): Condition | undefined {
  if (condition.kind === 'name') return names.includes(condition.name) ? undefined : condition;
  if (condition.kind === 'not') {
    const of = withoutNames(condition.of, names);
    return of && { kind: 'not', of };
  }
  const of = condition.of.flatMap((part) => withoutNames(part, names) ?? []);
  return of.length < 2 ? of[0] : { kind: condition.kind, of };
}

/** Whether the condition is true when its names are what `of` says. */
export function conditionHolds(condition: Condition, of: (name: string) => boolean): boolean {
  switch (condition.kind) {
    case 'name':
      return of(condition.name);
    case 'not':
      return !conditionHolds(condition.of, of);
    case 'and':
      return condition.of.every((part) => conditionHolds(part, of));
    default:
      return condition.of.some((part) => conditionHolds(part, of));
  }
}

/** Names that a condition uses. */
export function namesIn(condition: Condition): readonly string[] {
  if (condition.kind === 'name') return [condition.name];
  return condition.kind === 'not' ? namesIn(condition.of) : condition.of.flatMap(namesIn);
}
