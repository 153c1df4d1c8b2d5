import { type RuleFiles, readRuleFiles } from '../../rule-files/read-files.ts';
import { type Compiled, type CompileOptions, compileRules } from '../../rules/compile.ts';

export interface LoadedRules {
  readonly compiled: Compiled;
  readonly placeOf: RuleFiles['placeOf'];
}

/** Reads and compiles the rule files at or below the paths. Never throws. */
export function loadRules(paths: readonly string[], options: CompileOptions = {}): LoadedRules {
  const { files, placeOf } = readRuleFiles(paths);
  return { compiled: compileRules(files, options), placeOf };
}
