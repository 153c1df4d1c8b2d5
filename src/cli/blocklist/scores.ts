import type { SecurityConfig } from '../../config/config.ts';
import type { Score } from '../../model/lookup.ts';
import { parseNetwork } from '../../net/prefix.ts';
import { createRangeCover } from '../../net/range-cover.ts';
import type { Question } from '../../reputation/explain.ts';
import type { ScoreTable } from '../../reputation/scores/table.ts';
import { scoreTableOf, withReputation } from '../reputation/connect.ts';

/** What the fleet knows, as far as somebody asks. */
export interface SharedScores {
  /** From which on a score alerts. */
  readonly threshold: number;
  /** The highest score of the name or a parent of it, or that shares an address with the network. */
  scoreOf(question: Question): Score | undefined;
}

/** Undefined where nothing is shared, and, with a warning, where the store does not answer. */
export async function readSharedScores(
  reputation: SecurityConfig['reputation'],
  warn: (message: string) => void,
): Promise<SharedScores | undefined> {
  if (reputation.redis === undefined) return undefined;
  const { threshold } = reputation;
  const nowMs = Date.now();
  try {
    const table = await withReputation(reputation, async (connected) => scoreTableOf(connected));
    return { threshold, scoreOf: (question) => highest(table, question, nowMs) };
  } catch (error) {
    warn(`shared reputation is not known: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function highest(table: ScoreTable, question: Question, nowMs: number): Score | undefined {
  if (question.kind === 'name') return table.scoreOfName(question.name, nowMs);
  const asked = createRangeCover([question.range]);
  const touching = table.scores(nowMs).filter(({ value }) => {
    const parsed = parseNetwork(value);
    return parsed.ok && asked.touches(parsed.range);
  });
  return touching.reduce<Score | undefined>(
    (best, each) => (best === undefined || each.score > best.score ? each : best),
    undefined,
  );
}
