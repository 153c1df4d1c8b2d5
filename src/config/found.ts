import type { z } from 'zod';
import { dotted, expectation, isSecret, type KeyPath, NODES, schemaAt, sectionShape } from './schema-tree.ts';

const MAX_SHOWN = 40;
const TRUE_WORDS = new Set(['true', 'yes', 'on', 'y', 'enabled']);
const FALSE_WORDS = new Set(['false', 'no', 'off', 'n', 'disabled']);
const SIZE = /^(\d{1,6})\s*([kmg])(?:i?b)?$/i;
const SIZE_BYTES: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Message for a value of the wrong type or shape: what was found, what is legal and, when it can be told, what to write. */
export function wrongValue(path: KeyPath, value: unknown): string {
  const schema = schemaAt(path);
  const legal = path.length === 0 ? 'a mapping of keys such as "agent:" and "otlp:"' : expectation(schema);
  const found = isSecret(path) ? `found ${kindOf(value)}` : `found ${describe(value)}`;
  const cure =
    isSecret(path) || schema === undefined
      ? undefined
      : (betterValue(schema, value) ?? betterPlace(path, value));
  return `${found}; must be ${legal}${cure === undefined ? '' : `; ${cure}`}`;
}

/** A value as its reader wrote it, cut short: `the string "yes"`. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `the string ${JSON.stringify(cut(value))}`;
  if (typeof value === 'number') return `the number ${value}`;
  return kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'no value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'boolean' ? `${value}` : `a ${typeof value}`;
}

const cut = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);

/** The first rewriting of the value that would be legal here. */
function betterValue(schema: z.ZodType, value: unknown): string | undefined {
  if (sectionShape(schema) !== undefined || (typeof value === 'string' && value.length > 200))
    return undefined;
  const better = candidates(value).find(
    (candidate) => candidate !== value && schema.safeParse(candidate).success,
  );
  if (better === undefined) return undefined;
  return `write ${typeof better === 'string' ? better : JSON.stringify(better)}`;
}

function candidates(value: unknown): unknown[] {
  if (typeof value === 'number') return [[value], `${value}s`, String(value)];
  if (typeof value === 'boolean') return [String(value)];
  if (typeof value !== 'string') return [];
  const items = value.split(/[\s,]+/).filter((item) => item !== '');
  return [
    ...scalars(value),
    value.replace(/\s/g, '').toLowerCase(),
    items.map((item) => scalars(item)[0] ?? item),
    items,
  ];
}

function scalars(text: string): unknown[] {
  const word = text.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return [true];
  if (FALSE_WORDS.has(word)) return [false];
  const size = SIZE.exec(word);
  if (size !== null) return [Number(size[1]) * (SIZE_BYTES[size[2] ?? ''] ?? 1)];
  return /^-?\d[\d_]*(?:\.\d+)?$/.test(word) ? [Number(word.replaceAll('_', ''))] : [];
}

/** Another key of the same name that takes this value: `agent.network.http: true` belongs to agent.ebpf.network. */
function betterPlace(path: KeyPath, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  const place = NODES.find(
    (node) =>
      node.path.at(-1) === path.at(-1) && node.key !== dotted(path) && node.schema.safeParse(value).success,
  );
  return place === undefined ? undefined : `${place.key} takes such a value`;
}
