import { parseIp } from '../../net/ip.ts';
import { parsePrefix } from '../../net/prefix.ts';
import type { DetectionItem, ItemValue } from './detection.ts';
import { base64, base64Offsets, type Utf16, utf8Bytes, utf16Bytes } from './encode.ts';
import type { Atom, CompareOperator, ReferenceMode, TimePart } from './expression.ts';
import type { Chain } from './modifiers.ts';
import { anywhere, endsAnything, type Pattern, parsePattern, startsAnything, withDashes } from './pattern.ts';
import type { Placeholders } from './placeholders.ts';
import { expandPlaceholders } from './placeholders.ts';
import { type Problems, quoted } from './problem.ts';
import { compileRegex } from './regex.ts';

export interface ValueContext {
  readonly problems: Problems;
  readonly placeholders: Placeholders;
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const REGEX_FLAG: Readonly<Record<string, string>> = {
  i: 'i',
  ignorecase: 'i',
  m: 'm',
  multiline: 'm',
  s: 's',
  dotall: 's',
};

/** The atoms of one value under the modifiers of its item: more than one where a modifier makes variants. */
export function atomsOf(
  value: ItemValue,
  item: DetectionItem,
  chain: Chain,
  context: ValueContext,
): readonly Atom[] {
  if (chain.has('exists')) return existsAtom(value, context);
  if (chain.has('compare') || chain.has('time')) return compareAtom(value, item, context);
  if (chain.has('cidr')) return cidrAtoms(value, chain, context);
  if (chain.has('reference')) return referenceAtom(value, item, chain, context);
  if (chain.has('regex')) return regexAtoms(value, item, chain, context);
  if (chain.roles.every((role) => role === 'join' || role === 'negate') && item.field !== undefined)
    return plainAtom(value, context);
  return textAtoms(value, item, chain, context);
}

function plainAtom({ value }: ItemValue, _context: ValueContext): readonly Atom[] {
  if (value === null) return [{ kind: 'null' }];
  if (typeof value === 'boolean') return [{ kind: 'boolean', value }];
  if (typeof value === 'string') return [{ kind: 'text', pattern: parsePattern(value), cased: false }];
  return [{ kind: 'number', value }];
}

function wrong(value: ItemValue, what: string, { problems }: ValueContext): readonly Atom[] {
  problems.error('modifier-value', value.offset, what);
  return [];
}

function existsAtom(value: ItemValue, context: ValueContext): readonly Atom[] {
  if (typeof value.value !== 'boolean') return wrong(value, '"exists" takes true or false', context);
  return [{ kind: 'exists', value: value.value }];
}

/** A number, also as text, which earns a warning. */
function numberOf(value: ItemValue, { problems }: ValueContext): number | bigint | undefined {
  if (typeof value.value === 'number' || typeof value.value === 'bigint') return value.value;
  if (typeof value.value !== 'string' || !DECIMAL.test(value.value)) return undefined;
  problems.warn('lint-number-as-text', value.offset, `write the number ${value.value} without quotes`);
  return Number(value.value);
}

function compareAtom(value: ItemValue, { modifiers }: DetectionItem, context: ValueContext): readonly Atom[] {
  const number = numberOf(value, context);
  if (number === undefined) return wrong(value, `${quoted(String(value.value))} is no number`, context);
  const operator = (modifiers.find((name) => /^[gl]te?$/.test(name)) ?? 'eq') as CompareOperator;
  const part = modifiers.find((name) => /^(?:minute|hour|day|week|month|year)$/.test(name));
  if (part === undefined) return [{ kind: 'compare', operator, value: number }];
  return [{ kind: 'time', part: part as TimePart, operator, value: Number(number) }];
}

function cidrAtoms(value: ItemValue, chain: Chain, context: ValueContext): readonly Atom[] {
  return textsFor(value, chain, context).flatMap((text) => {
    const parsed = text.includes('/') ? parsePrefix(text) : undefined;
    const ip = parsed === undefined ? parseIp(text) : undefined;
    const code = 'cidr-invalid';
    if (ip !== undefined) return [{ kind: 'cidr', range: { first: ip, last: ip } } as const];
    if (parsed === undefined || !parsed.ok) {
      context.problems.error(
        code,
        value.offset,
        `${quoted(text)} is no network: ${parsed?.reason ?? 'not an address'}`,
      );
      return [];
    }
    if (parsed.hostBits) {
      context.problems.error(
        code,
        value.offset,
        `${quoted(text)} has host bits set; name the network itself`,
      );
      return [];
    }
    return [{ kind: 'cidr', range: parsed.range } as const];
  });
}

function referenceAtom(
  value: ItemValue,
  item: DetectionItem,
  chain: Chain,
  context: ValueContext,
): readonly Atom[] {
  const { value: field } = value;
  if (typeof field !== 'string' || field === '')
    return wrong(value, '"fieldref" takes the name of a field', context);
  if (parsePattern(field).some((part) => typeof part !== 'string'))
    return wrong(value, '"fieldref" takes a plain field name, without wildcards', context);
  const mode = item.modifiers.find((name) => /^(?:contains|startswith|endswith)$/.test(name)) ?? 'equals';
  return [{ kind: 'reference', field, mode: mode as ReferenceMode, cased: chain.cased }];
}

function regexAtoms(
  value: ItemValue,
  item: DetectionItem,
  chain: Chain,
  context: ValueContext,
): readonly Atom[] {
  if (value.value === null) return wrong(value, '"re" takes an expression', context);
  const flags = item.modifiers.map((name) => REGEX_FLAG[name] ?? '').join('');
  return textsFor(value, chain, context, 'regex').flatMap((text) => {
    const regex = compileRegex(anchored(text, item.modifiers), flags);
    if ('problem' in regex) {
      context.problems.error('regex-invalid', value.offset, `${quoted(text)}: ${regex.problem}`);
      return [];
    }
    return [{ kind: 'regex', regex } as const];
  });
}

/** `contains` and the like put `.*` where the expression is not anchored; the search is unanchored in any case. */
function anchored(text: string, modifiers: readonly string[]): string {
  const before = modifiers.includes('contains') || modifiers.includes('endswith');
  const after = modifiers.includes('contains') || modifiers.includes('startswith');
  const head = before && !text.startsWith('^') && !text.startsWith('.*') ? '.*' : '';
  const tail = after && !text.endsWith('$') && !text.endsWith('.*') ? '.*' : '';
  return text.startsWith('(?') && head !== '' ? text : `${head}${text}${tail}`;
}

/** The text of a value, or the texts that its placeholders make of it. */
function textsFor(
  value: ItemValue,
  chain: Chain,
  { problems, placeholders }: ValueContext,
  form: 'text' | 'regex' = 'text',
): readonly string[] {
  const text = String(value.value);
  if (!chain.has('expand')) return [text];
  const expanded = expandPlaceholders(text, placeholders, form);
  if ('problem' in expanded) {
    problems.error(expanded.code, value.offset, expanded.problem);
    return [];
  }
  return expanded.texts;
}

function textAtoms(
  value: ItemValue,
  item: DetectionItem,
  chain: Chain,
  context: ValueContext,
): readonly Atom[] {
  const { problems } = context;
  if (value.value === null) {
    const what = item.field === undefined ? 'a keyword cannot be null' : `null cannot be compared as text`;
    problems.error('detection-value', value.offset, what);
    return [];
  }
  if (typeof value.value !== 'string' && item.field !== undefined)
    problems.warn('lint-number-as-text', value.offset, `${String(value.value)} is compared as text here`);
  return textsFor(value, chain, context).flatMap((text) => {
    const patterns = transform(parsePattern(text), value, item, context);
    const wrap = item.field === undefined ? anywhere : (pattern: Pattern) => pattern;
    return patterns.map((pattern) => ({ kind: 'text', pattern: wrap(pattern), cased: chain.cased }) as const);
  });
}

const WRAP: Readonly<Record<string, (pattern: Pattern) => Pattern>> = {
  windash: withDashes,
  contains: anywhere,
  startswith: endsAnything,
  endswith: startsAnything,
};
const ENCODER = /^(?:wide|utf16(?:le|be)?|base64(?:offset)?)$/;

/** Modifiers of text, from left to right. */
function transform(
  pattern: Pattern,
  value: ItemValue,
  { modifiers }: DetectionItem,
  context: ValueContext,
): readonly Pattern[] {
  const encoders = modifiers.filter((name) => ENCODER.test(name));
  let patterns: readonly Pattern[] = [pattern];
  for (const name of modifiers) {
    if (name === encoders[0]) {
      const text = plainText(pattern, name, value, context);
      if (text === undefined) return [];
      patterns = encoded(text, encoders);
    }
    const wrap = WRAP[name];
    if (wrap !== undefined) patterns = patterns.map(wrap);
  }
  return patterns;
}

/** Encoders follow each other: a UTF-16 form, then base64. */
function encoded(text: string, encoders: readonly string[]): readonly Pattern[] {
  const wide = encoders.find((name) => !name.startsWith('base64'));
  const bytes =
    wide === undefined ? utf8Bytes(text) : utf16Bytes(text, (wide === 'wide' ? 'utf16le' : wide) as Utf16);
  if (encoders.includes('base64')) return [[base64(bytes)]];
  if (encoders.includes('base64offset')) return base64Offsets(bytes).map((part) => anywhere([part]));
  // Without base64 behind it: text with a character per byte.
  return [[bytes.map((byte) => String.fromCharCode(byte)).join('')]];
}

function plainText(
  pattern: Pattern,
  name: string,
  value: ItemValue,
  context: ValueContext,
): string | undefined {
  if (pattern.every((part) => typeof part === 'string')) return pattern.join('');
  wrong(value, `"${name}" takes text without wildcards (escape them: \\* and \\?)`, context);
  return undefined;
}
