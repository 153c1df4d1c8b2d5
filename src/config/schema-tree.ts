import { z } from 'zod';
import { fileSchema } from './schema.ts';

/** Keys and list positions from the top of the file. */
export type KeyPath = readonly (string | number)[];

/** One legal key of the file. */
export interface SchemaNode {
  readonly key: string;
  readonly path: readonly string[];
  readonly schema: z.ZodType;
  readonly isSection: boolean;
}

/** `agent.network.xdp.filters.ports[0]`. */
export const dotted = (path: KeyPath): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : `${text === '' ? '' : `${text}.`}${part}`,
    '',
  );

/** The schema below defaults and optionality. */
export function bare(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.unwrap() as z.ZodType;
  }
  return inner;
}

/** The keys of a section; undefined for anything else. */
export function sectionShape(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const inner = bare(schema);
  return inner instanceof z.ZodObject ? (inner.shape as Record<string, z.ZodType>) : undefined;
}

/** Like sectionShape, and of a value that may be a mapping or something else. */
export function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const inner = bare(schema);
  if (!(inner instanceof z.ZodUnion)) return sectionShape(inner);
  return inner.options
    .map((option) => sectionShape(option as z.ZodType))
    .find((shape) => shape !== undefined);
}

/** The schema of the value at `path`: of a section, a leaf, a list element or a header; undefined when not legal. */
export function schemaAt(path: KeyPath): z.ZodType | undefined {
  let schema: z.ZodType | undefined = fileSchema;
  for (const part of path) {
    if (schema === undefined) return undefined;
    schema = child(bare(schema), part);
  }
  return schema;
}

function child(inner: z.ZodType, part: string | number): z.ZodType | undefined {
  if (inner instanceof z.ZodArray) return inner.element as z.ZodType;
  if (inner instanceof z.ZodRecord) return inner.valueType as z.ZodType;
  const shape = shapeOf(inner) ?? {};
  return Object.hasOwn(shape, part) ? shape[part] : undefined;
}

function* walk(schema: z.ZodType, path: readonly string[]): Generator<SchemaNode> {
  const shape = sectionShape(schema);
  if (path.length > 0) yield { key: dotted(path), path, schema, isSection: shape !== undefined };
  for (const [name, below] of Object.entries(shape ?? {})) yield* walk(below, [...path, name]);
}

/** Every legal key, sections before what they hold. */
export const NODES: readonly SchemaNode[] = [...walk(fileSchema, [])];

/** Every legal key that carries a value. */
export const LEAVES: readonly SchemaNode[] = NODES.filter((node) => !node.isSection);

/** Whether the feature behind a leaf exists. */
export const isActive = (node: SchemaNode): boolean => node.schema.meta()?.active === true;

/** What a legal value looks like, for messages and docs. */
export const expectation = (schema: z.ZodType | undefined): string => {
  const expects = schema?.meta()?.expects;
  return typeof expects === 'string' ? expects : 'a section: keys with values below it, indented';
};

/** Values at and below this path must not be shown. */
export const isSecret = (path: KeyPath): boolean =>
  path.some((_, index) => schemaAt(path.slice(0, index + 1))?.meta()?.secret === true);
