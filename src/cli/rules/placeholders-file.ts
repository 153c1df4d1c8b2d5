import { TelegenError } from '../../model/errors.ts';
import { readRuleYaml } from '../../rule-files/read-yaml.ts';
import { textsOf } from '../../rules/syntax/node.ts';
import type { Placeholders } from '../../rules/syntax/placeholders.ts';
import { readRuleText } from './rule-text.ts';

/** Reads `name: [values]`; without a file there are no placeholders. Throws TELEGEN_RULES for what is no such file. */
export function readPlaceholders(file: string | undefined): Placeholders {
  if (file === undefined) return new Map();
  const { documents, problems, placeOf } = readRuleYaml(readRuleText(file));
  const [problem] = problems;
  const [root] = documents;
  if (problem !== undefined) {
    const { line, column } = placeOf(problem.offset);
    throw new TelegenError('TELEGEN_RULES', `${file}:${line}:${column}: ${problem.message}`);
  }
  if (root === undefined) return new Map();
  if (root.kind !== 'map')
    throw new TelegenError('TELEGEN_RULES', `${file}:1:1: placeholders are a mapping of names to lists`);
  return new Map(root.entries.map(({ key, value }) => [key, textsOf(value)]));
}
