import type { DetectionItem } from './detection.ts';
import { type Problems, quoted } from './problem.ts';

/** What a modifier does, so that a chain of them can be checked before any value is looked at. */
type Role =
  | 'anchor'
  | 'join'
  | 'negate'
  | 'case'
  | 'regex'
  | 'regexFlag'
  | 'base64'
  | 'wide'
  | 'dash'
  | 'cidr'
  | 'compare'
  | 'time'
  | 'exists'
  | 'reference'
  | 'expand';

const ROLES: Readonly<Record<string, Role>> = {
  contains: 'anchor',
  startswith: 'anchor',
  endswith: 'anchor',
  all: 'join',
  neq: 'negate',
  cased: 'case',
  re: 'regex',
  i: 'regexFlag',
  ignorecase: 'regexFlag',
  m: 'regexFlag',
  multiline: 'regexFlag',
  s: 'regexFlag',
  dotall: 'regexFlag',
  base64: 'base64',
  base64offset: 'base64',
  wide: 'wide',
  utf16le: 'wide',
  utf16be: 'wide',
  utf16: 'wide',
  windash: 'dash',
  cidr: 'cidr',
  gt: 'compare',
  gte: 'compare',
  lt: 'compare',
  lte: 'compare',
  minute: 'time',
  hour: 'time',
  day: 'time',
  week: 'time',
  month: 'time',
  year: 'time',
  exists: 'exists',
  fieldref: 'reference',
  expand: 'expand',
};
export const MODIFIERS: readonly string[] = Object.keys(ROLES);

/** Roles of which a chain may have one. */
const SINGLE: readonly Role[] = [
  'anchor',
  'wide',
  'base64',
  'cidr',
  'compare',
  'time',
  'exists',
  'reference',
  'regex',
];

/** What each role can stand beside, apart from `all`, `neq` and its own kind. */
const COMPANIONS: Readonly<Partial<Record<Role, readonly Role[]>>> = {
  cidr: ['expand'],
  compare: ['time', 'expand'],
  time: ['compare'],
  exists: [],
  reference: ['anchor', 'case'],
  regex: ['regexFlag', 'anchor', 'expand'],
};

export interface Chain {
  readonly roles: readonly Role[];
  has(role: Role): boolean;
  readonly all: boolean;
  readonly negated: boolean;
  readonly cased: boolean;
}

/** Checks the modifiers of an item among themselves; undefined, with the problem reported, when they cannot be. */
export function checkChain(item: DetectionItem, problems: Problems): Chain | undefined {
  const roles: Role[] = [];
  for (const name of item.modifiers) {
    const role = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
    if (role === undefined) {
      problems.error('modifier-unknown', item.offset, `there is no modifier ${quoted(name)}`);
      return undefined;
    }
    roles.push(role);
  }
  const conflict = conflictIn(item, roles);
  if (conflict !== undefined) {
    problems.error('modifier-order', item.offset, conflict);
    return undefined;
  }
  lint(item, roles, problems);
  const has = (role: Role): boolean => roles.includes(role);
  return { roles, has, all: has('join'), negated: has('negate'), cased: has('case') };
}

function conflictIn({ modifiers, field }: DetectionItem, roles: readonly Role[]): string | undefined {
  for (const role of SINGLE) {
    const [first, second] = modifiers.filter((_, i) => roles[i] === role);
    if (second !== undefined) return `"${first}" and "${second}" cannot stand together`;
  }
  for (const [role, companions] of Object.entries(COMPANIONS)) {
    if (!roles.includes(role as Role)) continue;
    const name = modifiers[roles.indexOf(role as Role)];
    const alien = roles.findIndex(
      (other) => other !== role && other !== 'join' && other !== 'negate' && !companions.includes(other),
    );
    if (alien >= 0) return `"${name}" and "${modifiers[alien]}" cannot stand together`;
    if (role === 'exists' && roles.length > 1) return '"exists" stands alone';
    if (field === undefined && role !== 'regex') return `"${name}" needs a field`;
  }
  if (
    roles.includes('regex') &&
    roles.some((role, i) => role !== 'join' && role !== 'negate' && i < roles.indexOf('regex'))
  )
    return '"re" must be the first modifier';
  if (roles.includes('regexFlag') && !roles.includes('regex'))
    return 'i, m and s are flags of "re"; it is missing';
  return orderConflict(modifiers, roles);
}

/** What works on plain text must come before what turns it into something else. */
function orderConflict(modifiers: readonly string[], roles: readonly Role[]): string | undefined {
  const base64 = roles.indexOf('base64');
  if (base64 < 0) return undefined;
  for (const early of ['anchor', 'wide', 'expand', 'dash'] as const) {
    const at = roles.indexOf(early);
    if (early === 'anchor' ? at >= 0 && at < base64 : at > base64)
      return `"${modifiers[at]}" cannot stand ${early === 'anchor' ? 'before' : 'after'} "${modifiers[base64]}"`;
  }
  return undefined;
}

function lint(item: DetectionItem, roles: readonly Role[], problems: Problems): void {
  if (roles.includes('join') && item.values.length === 1)
    problems.warn('lint-single-all', item.offset, '"all" with one value does nothing');
  if (roles.includes('wide') && !roles.includes('base64'))
    problems.warn(
      'lint-encoding',
      item.offset,
      'an encoding without base64 behind it matches bytes that no field holds',
    );
  if (item.modifiers.includes('base64offset') && !item.modifiers.includes('contains'))
    problems.warn(
      'lint-base64offset',
      item.offset,
      '"base64offset" is looked for anywhere; say so with "|contains"',
    );
}
