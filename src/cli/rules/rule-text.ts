import { TelegenError } from '../../model/errors.ts';
import { MAX_FILE_BYTES } from '../../rule-files/read-files.ts';
import { readRegular } from '../../rule-files/read-regular.ts';
import { readRuleYaml } from '../../rule-files/read-yaml.ts';
import type { YamlNode } from '../../rules/syntax/node.ts';

/** A file that goes with rules, and how to say what is wrong with it. */
export interface RuleText {
  readonly documents: readonly YamlNode[];
  /** Throws TELEGEN_RULES, with file, line and column of the offset. */
  readonly fail: (offset: number, message: string) => never;
}

/** Throws TELEGEN_RULES when the file cannot be read, is too large or no YAML. */
export function readRuleText(file: string): RuleText {
  const { documents, problems, placeOf } = readRuleYaml(read(file));
  const fail = (offset: number, message: string): never => {
    const { line, column } = placeOf(offset);
    throw new TelegenError('TELEGEN_RULES', `${file}:${line}:${column}: ${message}`);
  };
  const [problem] = problems;
  return problem === undefined ? { documents, fail } : fail(problem.offset, problem.message);
}

function read(file: string): string {
  const result = readRegular(file, MAX_FILE_BYTES);
  if ('text' in result) return result.text;
  throw new TelegenError('TELEGEN_RULES', `${file}: ${result.reason}`);
}
