import { z } from 'zod';
import { ATTR } from '../model/attributes.ts';
import { TelegenError } from '../model/errors.ts';
import { nearest } from '../net/nearest.ts';
import { normaliseCidr } from './cidr.ts';
import { MAX_CONFIG_BYTES } from './defaults.ts';
import { parseDuration } from './duration.ts';
import { formatProblem, type Problem } from './issue.ts';
import { valueAt } from './plain-data.ts';
import { type ReadFile, readText } from './read-text.ts';
import { dotted, type KeyPath } from './schema-tree.ts';

import { readYaml, type YamlSource } from './yaml-source.ts';

const MAX_ENTRIES = 10_000;
/** Of alerts that come from rules. */
const RULE_ID = 'telegen.rule.id';
const LEGAL_NAMES: readonly string[] = ['severity', RULE_ID, ...Object.values(ATTR)];
const DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?$/;
const DAY_MS = 86_400_000;

const words = z.string('must be text').trim().min(1, 'must not be empty').max(1000, 'is too long');
const scalar = z.union(
  [words, z.number(), z.boolean()],
  'must be text, a number, true or false, or a list of these',
);
const values = z.union([
  scalar.transform((one) => [one]),
  z.array(scalar).min(1, 'must not be empty').max(1000),
]);

const match = z
  .record(z.string(), values, 'must be a mapping of attribute names to values')
  .refine((names) => Object.keys(names).length > 0, 'must name at least one attribute')
  .superRefine((names, ctx) => {
    for (const [name, wanted] of Object.entries(names)) {
      if (!LEGAL_NAMES.includes(name)) {
        const near = nearest(name, LEGAL_NAMES)?.name;
        const cure = near === undefined ? 'docs/fields.md lists them' : `did you mean ${near}?`;
        ctx.addIssue({ code: 'custom', path: [name], message: `is no attribute of alerts; ${cure}` });
      }
      for (const problem of wanted.flatMap(networkProblem))
        ctx.addIssue({ code: 'custom', path: [name], message: problem });
    }
  });

function networkProblem(value: string | number | boolean): string[] {
  if (typeof value !== 'string' || !/^[0-9a-f:.]+\/\d+$/i.test(value)) return [];
  const result = normaliseCidr(value);
  return 'problem' in result ? [`${JSON.stringify(value)}: ${result.problem}`] : [];
}

/** A date is meant to the end of its day, UTC. */
const expires = z
  .string('must be a date in quotes or plain, such as 2025-06-30')
  .refine(
    (text) => DATE.test(text) && !Number.isNaN(Date.parse(text)),
    'must be a date such as 2025-06-30 or 2025-06-30T18:00Z',
  )
  .transform((text) => Date.parse(text) + (text.includes('T') ? 0 : DAY_MS));

const windowText = z.string('must be a duration such as 5m').transform((text, ctx) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1000 && ms <= DAY_MS) return ms;
  ctx.addIssue({ code: 'custom', message: 'must be a duration from 1s to 24h, such as 5m' });
  return z.NEVER;
});

const file = z.strictObject(
  {
    suppressions: z
      .array(z.strictObject({ name: words, owner: words, reason: words, expires, match }), 'must be a list')
      .max(MAX_ENTRIES)
      .default([]),
    limits: z
      .array(
        z.strictObject({
          name: words,
          type: z.enum(
            ['limit', 'threshold', 'both', 'backoff'],
            'must be limit, threshold, both or backoff',
          ),
          count: z
            .int('must be a whole number')
            .min(1, 'must be at least 1')
            .max(1_000_000_000, 'is too large'),
          window: windowText,
          track: z
            .array(
              z.enum(['rule', 'process', 'workload', 'peer'], 'must be rule, process, workload or peer'),
              'must be a list',
            )
            .default([]),
          match,
        }),
        'must be a list',
      )
      .max(MAX_ENTRIES)
      .default([]),
  },
  'must be a mapping with suppressions and limits',
);

type File = z.output<typeof file>;

/** What the tuning files say, all together. */
export interface TuningFiles {
  readonly suppressions: readonly (Omit<File['suppressions'][number], 'expires'> & {
    readonly expiresMs: number;
  })[];
  readonly limits: readonly (Omit<File['limits'][number], 'window'> & { readonly windowMs: number })[];
}

export type TuningResult =
  | { readonly ok: true; readonly tuning: TuningFiles }
  | { readonly ok: false; readonly problems: readonly Problem[] };

function messageOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.join(', ')}`;
  return value === undefined && issue.code === 'invalid_type'
    ? `is missing: ${issue.message}`
    : issue.message;
}

function toProblem(issue: z.core.$ZodIssue, name: string, source: YamlSource): Problem {
  const path = issue.path as KeyPath;
  const message = messageOf(issue, valueAt(source.value, path));
  return { file: name, ...source.placeOf(path, 'value'), key: dotted(path), message };
}

function readOne(path: string, readFile: ReadFile | undefined): File | readonly Problem[] {
  const text = readText(path, MAX_CONFIG_BYTES, readFile);
  if ('problem' in text) return [{ file: path, line: 0, column: 0, key: '', message: text.problem }];
  const source = readYaml(text.text);
  if (source.problems.length > 0) return source.problems.map((problem) => ({ file: path, ...problem }));
  const parsed = file.safeParse(source.value ?? {});
  return parsed.success ? parsed.data : parsed.error.issues.map((issue) => toProblem(issue, path, source));
}

function repeatedNames(files: readonly (readonly [string, File])[]): Problem[] {
  const seen = new Map<string, string>();
  return files.flatMap(([path, { suppressions, limits }]) =>
    [...suppressions, ...limits].flatMap(({ name }) => {
      const before = seen.get(name);
      seen.set(name, path);
      const message = `the name ${JSON.stringify(name)} is used twice (also in ${before}); counters go by it`;
      return before === undefined ? [] : [{ file: path, line: 0, column: 0, key: '', message }];
    }),
  );
}

/** Reads and checks tuning files: suppressions and limits. Never throws; all problems at once. */
export function readTuning(paths: readonly string[], readFile?: ReadFile): TuningResult {
  const results = paths.map((path) => [path, readOne(path, readFile)] as const);
  const problems = results.flatMap(([, result]) => ('limits' in result ? [] : result));
  const files = results.flatMap(([path, result]) => ('limits' in result ? [[path, result] as const] : []));
  const all = [...problems, ...repeatedNames(files)];
  if (all.length > 0) return { ok: false, problems: all };
  return {
    ok: true,
    tuning: {
      suppressions: files.flatMap(([, { suppressions }]) =>
        suppressions.map(({ expires: expiresMs, ...rest }) => ({ ...rest, expiresMs })),
      ),
      limits: files.flatMap(([, { limits }]) =>
        limits.map(({ window: windowMs, ...rest }) => ({ ...rest, windowMs })),
      ),
    },
  };
}

/** Like readTuning; throws one TELEGEN_CONFIG error that lists every problem. */
export function loadTuning(paths: readonly string[]): TuningFiles {
  const result = readTuning(paths);
  if (result.ok) return result.tuning;
  throw new TelegenError('TELEGEN_CONFIG', result.problems.map(formatProblem).join('\n'));
}
