import type { SecurityConfig } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { EXIT, TelegenError } from '../../model/errors.ts';
import type { Score } from '../../model/lookup.ts';
import { openBlocklists } from '../../reputation/blocklist-store.ts';
import { type Explanation, explain, parseQuestion } from '../../reputation/explain.ts';
import { listOptions } from '../lists.ts';
import { scoreJson, scoreText } from '../reputation/score-forms.ts';
import { createDiagnostics } from '../run/diagnostics.ts';
import { readSharedScores } from './scores.ts';

export interface LookupOptions {
  readonly config?: string;
  /** Instead of the configured lists. */
  readonly list: readonly string[];
  readonly allowlist: readonly string[];
  readonly format: 'text' | 'json';
  /** Takes warnings about the lists; standard error by default. */
  readonly warn?: (message: string) => void;
}

interface Answer {
  readonly explanation: Explanation;
  /** Absent where nothing is shared. */
  readonly shared?: { readonly score: Score | undefined; readonly threshold: number };
}

/** `blocklist lookup`: which entries name each value, what the fleet knows of it, and whether that would alert now. */
export async function blocklistLookup(
  values: readonly string[],
  options: LookupOptions,
): Promise<{ stdout: string; exitCode: number }> {
  const questions = values.map((value) => {
    const question = parseQuestion(value);
    if (!question.ok) throw new TelegenError('TELEGEN_BLOCKLIST', question.reason);
    return question;
  });
  const { security } = loadConfig(options.config).config.network;
  const warn = options.warn ?? createDiagnostics().warn;
  const store = await openLists(security, options, warn);
  const scores = await readSharedScores(security.reputation, warn);
  const answers = questions.map((question): Answer => {
    const explanation = explain(question, store.inUse(), Date.now());
    if (scores === undefined) return { explanation };
    return { explanation, shared: { score: scores.scoreOf(question), threshold: scores.threshold } };
  });
  await store.close();
  const stdout =
    options.format === 'json'
      ? `${JSON.stringify(answers.map(toJson), null, 2)}\n`
      : answers.map(toText).join('');
  return { stdout, exitCode: EXIT.ok };
}

/** Lists that are named replace the configured ones of the same role; a list that is named alone meets no allowlist. */
async function openLists(
  security: SecurityConfig,
  { list, allowlist }: LookupOptions,
  warn: (message: string) => void,
) {
  const configured = listOptions({ ...security, enabled: true });
  const paths = list.length > 0 ? list : (configured?.paths ?? []);
  const allowPaths = list.length + allowlist.length > 0 ? allowlist : (configured?.allowPaths ?? []);
  return openBlocklists({
    settings: security.lists,
    ownNetworks: configured?.ownNetworks ?? (() => security.ownNetworks),
    paths,
    allowPaths,
    watch: false,
    settleMs: 0,
    onReport: ({ level, message }) => {
      if (level === 'warning') warn(message);
    },
  });
}

/** The documented form: exactly these keys, in this order; null for what a list does not say. */
function toJson({ explanation: { value, listed, allowed, entries }, shared }: Answer): object {
  return {
    value,
    listed,
    allowed: allowed.length > 0,
    entries: entries.map(({ match }) => {
      const { list, entry, category = null, confidence = null, port = null, line } = match;
      return { list, entry, category, confidence, port, line };
    }),
    ...(shared && { reputation: shared.score === undefined ? null : scoreJson(shared.score) }),
  };
}

function toText({ explanation, shared }: Answer): string {
  const { value, verdict, allowed, entries } = explanation;
  const lines = [
    `${value}: ${verdict}`,
    ...allowed.map(({ list, entry, line }) => `  allowed by ${list}: ${entry} (line ${line})`),
    ...entries.map(({ match, note }) => {
      const { list, entry, line, category, confidence, direction, port, reference } = match;
      const facts = [
        category,
        confidence === undefined ? undefined : `confidence ${confidence}`,
        direction === undefined ? undefined : `${direction} only`,
        port === undefined ? undefined : `port ${port}`,
        timeFact('first seen', match.firstSeenMs),
        timeFact('expires', match.expiresMs),
        reference,
        note,
      ].filter((fact) => fact !== undefined);
      return `  listed by ${list}: ${entry} (line ${line})${facts.map((fact) => `, ${fact}`).join('')}`;
    }),
    ...(shared ? [`  shared reputation: ${reputationText(explanation, shared)}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function reputationText(
  { allowed, reserved }: Explanation,
  { score, threshold }: NonNullable<Answer['shared']>,
): string {
  if (score === undefined) return 'none';
  const alerts = score.score >= threshold && allowed.length === 0 && !reserved;
  const why = score.score < threshold ? `below the threshold of ${threshold}` : 'allowed or reserved';
  return `${scoreText(score)}: ${alerts ? 'alerts' : `no alert, ${why}`}`;
}

function timeFact(what: string, ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${what} ${new Date(ms).toISOString()}`;
}
