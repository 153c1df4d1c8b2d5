import type { Finding } from '../model/finding.ts';
import type { RuleMatcher } from '../model/rule-matcher.ts';
import type { RuleEngine } from '../rules/engine.ts';

/** The rules in force. They change between two events, all at once. */
export interface RuleSlot extends RuleMatcher {
  readonly current: RuleEngine;
  /** Puts a new rule set in force; what the old one still owes comes with the next tick. */
  swap(build: (previous: RuleEngine) => RuleEngine): void;
}

export function createRuleSlot(first: RuleEngine): RuleSlot {
  let current = first;
  let owed: readonly Finding[] = [];

  function withOwed(findings: readonly Finding[]): readonly Finding[] {
    if (owed.length === 0) return findings;
    const all = [...owed, ...findings];
    owed = [];
    return all;
  }

  return {
    get current() {
      return current;
    },
    swap(build) {
      owed = [...owed, ...current.drain()];
      current = build(current);
    },
    get asks() {
      return current.asks;
    },
    inspect: (event, found) => current.inspect(event, found),
    tick: (nowMs) => withOwed(current.tick(nowMs)),
    finish: (nowMs) => withOwed(current.finish(nowMs)),
  };
}
