import { atOnce } from '../net/steps.ts';
import type { RuleFile } from '../rules/compile.ts';
import type { RuleProblem } from '../rules/syntax/problem.ts';
import { findRuleFiles } from './find-files.ts';
import { readRegular } from './read-regular.ts';
import { type Place, type RuleYaml, readRuleYaml } from './read-yaml.ts';

/** Rule files as text made them, and a way from offsets to lines. */
export interface RuleFiles {
  readonly files: readonly RuleFile[];
  readonly placeOf: (file: string, offset: number) => Place;
}

/** Room for a list of 100,000 values; a rule has a few kilobytes. */
export const MAX_FILE_BYTES = 4 << 20;

/** Reads all rule files at or below the paths. Never throws; what cannot be read is a problem of its file. */
export function readRuleFiles(paths: readonly string[]): RuleFiles {
  return atOnce(readRuleFileSteps(paths));
}

/** The same, a file at a time. */
export function* readRuleFileSteps(paths: readonly string[]): Generator<void, RuleFiles> {
  const { files: names, unreadable } = findRuleFiles(paths);
  const places = new Map<string, RuleYaml['placeOf']>();
  const files: RuleFile[] = [];
  for (const file of names) {
    const read = readText(file);
    if ('problem' in read) files.push({ file, documents: [], problems: [read.problem] });
    else {
      const yaml = readRuleYaml(read.text);
      places.set(file, yaml.placeOf);
      files.push({ file, documents: yaml.documents, problems: yaml.problems });
    }
    yield;
  }
  const missing = unreadable.map(
    ({ path, reason }): RuleFile => ({ file: path, documents: [], problems: [unreadableFile(reason)] }),
  );
  return {
    files: [...missing, ...files],
    placeOf: (file, offset) => places.get(file)?.(offset) ?? { line: 0, column: 0 },
  };
}

const unreadableFile = (message: string): RuleProblem => ({
  code: 'file-unreadable',
  severity: 'error',
  message,
  offset: 0,
});

function readText(file: string): { readonly text: string } | { readonly problem: RuleProblem } {
  const read = readRegular(file, MAX_FILE_BYTES);
  if ('text' in read) return read;
  return { problem: { code: read.code, severity: 'error', message: read.reason, offset: 0 } };
}
