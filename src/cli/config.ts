import { inactiveWarning } from '../config/inactive.ts';
import { inspectConfig } from '../config/inspect.ts';
import { configJsonSchema } from '../config/json-schema.ts';
import { listProblems, loadConfig } from '../config/load.ts';
import { printConfig } from '../config/print.ts';
import { EXIT } from '../model/errors.ts';

/** What a command has to say; `main` writes it out. */
export interface CommandResult {
  readonly stdout: string;
  readonly exitCode: number;
}

/** `config check`: every problem of a file, as text or as `{"ok", "problems", "inactive"}`. Exit code 2 when it is not ok. */
export function configCheck(path: string, format: 'text' | 'json'): CommandResult {
  const inspection = inspectConfig(path);
  const problems = inspection.ok ? [] : inspection.problems;
  const inactive = inspection.ok ? inspection.loaded.inactive : inspection.inactive;
  const exitCode = inspection.ok ? EXIT.ok : EXIT.usage;
  if (format === 'json') return { stdout: json({ ok: inspection.ok, problems, inactive }), exitCode };
  const warning = inactiveWarning(inactive);
  const lines = [
    inspection.ok ? `${path}: ok` : listProblems(problems),
    ...(warning === undefined ? [] : [`${path}: ${warning}`]),
  ];
  return { stdout: `${lines.join('\n')}\n`, exitCode };
}

/** `config print`: the effective configuration as YAML, secrets masked. Throws TelegenError (TELEGEN_CONFIG) on a bad file. */
export function configPrint(path: string | undefined): CommandResult {
  return { stdout: printConfig(loadConfig(path).effective), exitCode: EXIT.ok };
}

/** `config schema`: JSON Schema (draft 7) of the configuration file. */
export function configSchema(): CommandResult {
  return { stdout: json(configJsonSchema()), exitCode: EXIT.ok };
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
