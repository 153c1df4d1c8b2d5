import { readFileSync } from 'node:fs';
import { TelegenError } from '../../model/errors.ts';
import { MAX_FILE_BYTES } from '../../rule-files/read-files.ts';
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
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length <= MAX_FILE_BYTES) return text;
  } catch (cause) {
    throw new TelegenError('TELEGEN_RULES', `${file}: cannot be read`, { cause });
  }
  throw new TelegenError('TELEGEN_RULES', `${file}: larger than 4 MiB`);
}
