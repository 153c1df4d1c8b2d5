import { TelegenError } from '../model/errors.ts';
import { type ConfigOptions, inspectConfig, type LoadedConfig } from './inspect.ts';
import { formatProblem, type Problem } from './issue.ts';

/** Beyond this many the message only counts: a wrong file can have one problem per line. */
const MAX_LISTED = 100;

/**
 * Loads a configuration file over the defaults; without a path, the defaults alone.
 * Throws one TelegenError (TELEGEN_CONFIG) that lists every problem, one a line, as `file:line:col: key: message`.
 */
export function loadConfig(path: string | undefined, options: ConfigOptions = {}): LoadedConfig {
  const inspection = inspectConfig(path, options);
  if (inspection.ok) return inspection.loaded;
  throw new TelegenError('TELEGEN_CONFIG', listProblems(inspection.problems));
}

/** Problems as text, one a line. */
export function listProblems(problems: readonly Problem[]): string {
  const lines = problems.slice(0, MAX_LISTED).map(formatProblem);
  const rest = problems.length - lines.length;
  return (rest > 0 ? [...lines, `... and ${rest} more problems`] : lines).join('\n');
}
