import type { z } from 'zod';
import { wrongValue } from './found.ts';
import type { Issue } from './issue.ts';
import { isMapping, valueAt } from './plain-data.ts';
import { type FileConfig, fileSchema } from './schema.ts';
import { dotted, type KeyPath, sectionShape } from './schema-tree.ts';
import { unknownKeyHint } from './suggest.ts';

export interface Validated {
  /** Present when there are no issues. */
  readonly config?: FileConfig;
  readonly issues: readonly Issue[];
}

/** A wrong file can have half a million wrong values; beyond this many they are counted, not worded. */
const MAX_ISSUES = 1000;

/** Checks plain data from a file against the schema and fills in the defaults. Never throws. */
export function validate(value: unknown): Validated {
  const filled = fillSections(value, fileSchema);
  const result = fileSchema.safeParse(filled);
  if (result.success) return { config: result.data, issues: [] };
  const found = [...distinct(result.error.issues)];
  const issues = found.slice(0, MAX_ISSUES).map(({ path, issue }) => word(path, issue, filled));
  const next = found[MAX_ISSUES];
  if (next === undefined) return { issues };
  const message = `this and ${found.length - MAX_ISSUES - 1} more problems are not listed`;
  return { issues: [...issues, { path: next.path, part: partOf(next.issue), message }] };
}

interface Found {
  readonly path: KeyPath;
  readonly issue: z.core.$ZodIssue;
}

/** One per place: each unknown key by itself, and only the first of several complaints about one value. */
function* distinct(issues: readonly z.core.$ZodIssue[]): Generator<Found> {
  const seen = new Set<string>();
  for (const issue of issues) {
    const base = issue.path.filter((part) => typeof part !== 'symbol');
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...base, key]) : [base];
    for (const path of paths) {
      const id = `${partOf(issue)} ${dotted(path)}`;
      if (!seen.has(id)) yield { path, issue };
      seen.add(id);
    }
  }
}

const partOf = (issue: z.core.$ZodIssue): Issue['part'] =>
  issue.code === 'unrecognized_keys' || issue.code === 'invalid_key' ? 'key' : 'value';

function word(path: KeyPath, issue: z.core.$ZodIssue, root: unknown): Issue {
  const part = partOf(issue);
  if (issue.code === 'unrecognized_keys') {
    const hint = unknownKeyHint(path.slice(0, -1), String(path.at(-1)));
    return { path, part, message: `unknown key; ${hint}` };
  }
  if (issue.code === 'invalid_key') {
    const isHeader = path.at(-2) === 'headers';
    const message = `not a legal name (letters, digits, "-", "_" and "."${isHeader ? '; not grpc-*, not *-bin' : ''})`;
    return { path, part, message };
  }
  const isWorded = issue.code === 'custom' && issue.params?.worded === true;
  return { path, part, message: isWorded ? issue.message : wrongValue(path, valueAt(root, path)) };
}

/** A section with nothing below it (all commented out) reads as null: it is an empty section, as an empty file is. */
function fillSections(value: unknown, schema: z.ZodType): unknown {
  const shape = sectionShape(schema);
  if (shape === undefined) return value;
  if (value === null || value === undefined) return {};
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => {
      const schemaBelow = Object.hasOwn(shape, key) ? shape[key] : undefined;
      return [key, schemaBelow === undefined ? below : fillSections(below, schemaBelow)];
    }),
  );
}
