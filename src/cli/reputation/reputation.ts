import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseDuration } from '../../config/duration.ts';
import { EXIT, TelegenError } from '../../model/errors.ts';
import {
  ANYBODY,
  decodeRecord,
  encodeRecord,
  MANUAL,
  parseValue,
  type ScoreRecord,
} from '../../reputation/scores/record.ts';
import { scoreTableOf, withStore } from './connect.ts';
import { scoreJson, scoreText } from './score-forms.ts';

export interface CommandResult {
  readonly stdout: string;
  readonly exitCode: number;
}

export interface AddOptions {
  readonly config?: string;
  /** 1 to 100. */
  readonly score: number;
  /** Such as `24h`. */
  readonly ttl: string;
  readonly reason?: string;
}

/** How long agents remember that something was taken back. */
const REMOVAL_MS = 7 * 86_400_000;
const MAX_IMPORT_BYTES = 67_108_864;

/** `reputation add`: people's word, which does not decay until its time is over. */
export async function reputationAdd(values: readonly string[], options: AddOptions): Promise<CommandResult> {
  const { config, score, ttl, reason } = options;
  const ttlMs = parseDuration(ttl);
  if (ttlMs === undefined || ttlMs <= 0)
    throw new TelegenError(
      'TELEGEN_CONFIG',
      `--ttl ${ttl}: must be a duration such as 24h (units: ms, s, m, h)`,
    );
  const nowMs = Date.now();
  const records = values.map(
    (value): ScoreRecord => ({
      value: canonical(value),
      agent: MANUAL,
      updatedMs: nowMs,
      score,
      decays: false,
      source: `${MANUAL}@${hostname()}`,
      ...(reason === undefined ? {} : { reason }),
      sightings: 0,
      firstSeenMs: nowMs,
      expiresMs: nowMs + ttlMs,
    }),
  );
  await withStore(config, ({ store }) => store.write(records));
  return done(`${records.length} added`);
}

/** `reputation remove`: takes back what anybody has said of the values so far. */
export async function reputationRemove(values: readonly string[], config?: string): Promise<CommandResult> {
  const nowMs = Date.now();
  const records = values.map(
    (value): ScoreRecord => ({
      value: canonical(value),
      agent: ANYBODY,
      removed: true,
      updatedMs: nowMs,
      score: 0,
      decays: false,
      source: `${MANUAL}@${hostname()}`,
      sightings: 0,
      firstSeenMs: nowMs,
      expiresMs: nowMs + REMOVAL_MS,
    }),
  );
  await withStore(config, ({ store }) => store.write(records));
  return done(`${records.length} removed`);
}

/** `reputation list`: what the fleet knows now, the worst first. */
export async function reputationList(
  config: string | undefined,
  format: 'text' | 'json',
): Promise<CommandResult> {
  const nowMs = Date.now();
  const scores = await withStore(config, async (connected) => scoreTableOf(connected).scores(nowMs));
  const sorted = scores.toSorted((a, b) => b.score - a.score || (a.value < b.value ? -1 : 1));
  const stdout =
    format === 'json'
      ? `${JSON.stringify(sorted.map(scoreJson), null, 2)}\n`
      : sorted.map((score) => `${scoreText(score)}\n`).join('');
  return { stdout, exitCode: EXIT.ok };
}

/** `reputation export`: every record as a line of JSON, as `import` takes it. */
export async function reputationExport(config?: string): Promise<CommandResult> {
  const stdout = await withStore(config, async ({ records }) =>
    records.map((record) => `${encodeRecord(record)}\n`).join(''),
  );
  return { stdout, exitCode: EXIT.ok };
}

/** `reputation import`: lines of `export`; a record that is older than the one there is left out. All or nothing. */
export async function reputationImport(file: string, config?: string): Promise<CommandResult> {
  const imported = readRecords(file, Date.now());
  const written = await withStore(config, async ({ store, records }) => {
    const there = new Map(records.map((record) => [`${record.value} ${record.agent}`, record.updatedMs]));
    const newer = imported.filter(
      ({ value, agent, updatedMs }) => (there.get(`${value} ${agent}`) ?? -1) < updatedMs,
    );
    await store.write(newer);
    return newer.length;
  });
  return done(`${written} imported, ${imported.length - written} already there`);
}

function readRecords(file: string, nowMs: number): readonly ScoreRecord[] {
  const lines = readText(file).split('\n');
  const problems: string[] = [];
  const records = lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const record = decodeRecord(line, nowMs);
    if (!record) problems.push(`${file}:${index + 1}: not a record as "telegen reputation export" writes it`);
    return record ?? [];
  });
  if (problems.length > 0) throw new TelegenError('TELEGEN_CONFIG', problems.slice(0, 20).join('\n'));
  return records;
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MAX_IMPORT_BYTES) throw new Error(`longer than ${MAX_IMPORT_BYTES} bytes`);
    return bytes.toString('utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TelegenError('TELEGEN_CONFIG', `${file}: cannot be read: ${reason}`, { cause: error });
  }
}

function canonical(value: string): string {
  const parsed = parseValue(value);
  if (!parsed.ok) throw new TelegenError('TELEGEN_CONFIG', `"${value}": ${parsed.reason}`);
  return parsed.value;
}

function done(text: string): CommandResult {
  return { stdout: `${text}\n`, exitCode: EXIT.ok };
}
