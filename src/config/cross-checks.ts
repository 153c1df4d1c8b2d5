import { parseEndpoint } from './endpoint.ts';
import type { Issue } from './issue.ts';
import { isMapping, valueAt } from './plain-data.ts';
import { SHARED_SETTINGS } from './schema.ts';
import type { KeyPath } from './schema-tree.ts';

/** A place of a file in words, for messages that name two of them. */
export type Where = (path: KeyPath) => string;

/** Rules between keys. They look at the file's own data, so they speak even when something else is wrong. */
export function crossCheck(root: unknown, where: Where): Issue[] {
  return [
    ...sharedSettings(root, where),
    ...certificateAndKey(root, ['otlp', 'tls']),
    ...certificateAndKey(root, ['agent', 'telemetry', 'listen']),
    ...plaintext(root),
    ...headerNames(root),
  ];
}

function sharedSettings(root: unknown, where: Where): Issue[] {
  return SHARED_SETTINGS.flatMap((name) => {
    const first = ['agent', 'network', name];
    const second = ['agent', 'ebpf', 'network', name];
    const values = [valueAt(root, first), valueAt(root, second)];
    if (values.includes(undefined) || sameSet(values[0], values[1])) return [];
    const message = `differs from ${first.join('.')} (${where(first)}); it is one setting: keep it in one place`;
    return [{ path: second, part: 'key', message }];
  });
}

const sameSet = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

const canonical = (value: unknown): string =>
  Array.isArray(value) ? [...new Set(value.map(String))].toSorted().join() : String(value);

function certificateAndKey(root: unknown, section: KeyPath): Issue[] {
  return [
    ['cert_file', 'key_file'],
    ['key_file', 'cert_file'],
  ].flatMap(([present = '', missing = '']) => {
    const path = [...section, present];
    if (valueAt(root, path) === undefined || valueAt(root, [...section, missing]) !== undefined) return [];
    return [{ path, part: 'key', message: `needs ${[...section, missing].join('.')} as well` }];
  });
}

/** TLS settings that would be ignored, or a contradiction about TLS: never resolved by guessing. */
function plaintext(root: unknown): Issue[] {
  const text = valueAt(root, ['otlp', 'endpoint']);
  const parsed = typeof text === 'string' ? parseEndpoint(text) : undefined;
  const secure = parsed !== undefined && 'endpoint' in parsed ? parsed.endpoint.secure : undefined;
  const insecure = valueAt(root, ['otlp', 'insecure']) === true;
  const reason = insecure ? 'otlp.insecure is true' : 'otlp.endpoint starts with http://';
  const tls = valueAt(root, ['otlp', 'tls']);
  const keys = isMapping(tls) && (insecure || secure === false) ? Object.keys(tls) : [];
  const issues = keys.map((key): Issue => {
    return {
      path: ['otlp', 'tls', key],
      part: 'key',
      message: `has no effect because ${reason}; remove one of them`,
    };
  });
  if (!insecure || secure !== true) return issues;
  const message = 'contradicts otlp.endpoint, which starts with https://; write http:// there or remove this';
  return [{ path: ['otlp', 'insecure'], part: 'value', message }, ...issues];
}

function headerNames(root: unknown): Issue[] {
  const headers = valueAt(root, ['otlp', 'headers']);
  const seen = new Set<string>();
  return (isMapping(headers) ? Object.keys(headers) : []).flatMap((name) => {
    const twice = seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    const path = ['otlp', 'headers', name];
    if (twice) return [{ path, part: 'key', message: 'given twice (upper and lower case are the same)' }];
    // The schema library passes over this one name in silence.
    return name === '__proto__' ? [{ path, part: 'key', message: 'not a legal name' }] : [];
  });
}
