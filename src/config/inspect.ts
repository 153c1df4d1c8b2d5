import { dirname, resolve } from 'node:path';
import { type Config, toConfig } from './config.ts';
import { crossCheck } from './cross-checks.ts';
import { MAX_CONFIG_BYTES } from './defaults.ts';
import { effectiveConfig } from './effective.ts';
import { readHeaderValues } from './header-values.ts';
import { inactiveKeys, setLeaves } from './inactive.ts';
import type { Issue, Problem } from './issue.ts';
import { type ReadFile, readText } from './read-text.ts';
import type { FileConfig } from './schema.ts';
import { dotted } from './schema-tree.ts';
import { validate } from './validate.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

export interface ConfigOptions {
  /** How files are read; the file system's by default. */
  readonly readFile?: ReadFile;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file in its own spelling, with defaults, absolute paths and canonical networks. */
  readonly effective: FileConfig;
  /** Dotted keys that the file sets, in schema order. */
  readonly setKeys: ReadonlySet<string>;
  /** Dotted keys that the file sets and whose feature does not exist yet. */
  readonly inactive: readonly string[];
  /** The file; undefined when there is none and everything is a default. */
  readonly source: string | undefined;
}

/** All that is wrong with a file, or the configuration it makes. */
export type Inspection =
  | { readonly ok: true; readonly loaded: LoadedConfig }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly inactive: readonly string[] };

/** Reads and checks a configuration file; without a path, the defaults. Never throws. */
export function inspectConfig(path: string | undefined, options: ConfigOptions = {}): Inspection {
  if (path === undefined) return check({ file: undefined, source: readYaml(''), options });
  const result = readText(path, MAX_CONFIG_BYTES, options.readFile);
  if ('problem' in result)
    return refused([{ file: path, line: 0, column: 0, key: '', message: result.problem }]);
  return check({ file: path, source: readYaml(result.text), options });
}

interface Subject {
  readonly file: string | undefined;
  readonly source: YamlSource;
  readonly options: ConfigOptions;
}

function check({ file, source, options }: Subject): Inspection {
  const name = file ?? 'defaults';
  const inText: readonly Problem[] = source.problems.map((problem) => ({ file: name, ...problem }));
  if (source.broken) return refused(inText);
  const where = (path: Issue['path']): string => `line ${source.placeOf(path, 'key').line}`;
  const baseDir = file === undefined ? '/' : dirname(resolve(file));
  const { config, issues } = validate(source.value);
  const headers = readHeaderValues(source.value, { baseDir, readFile: options.readFile });
  const all = [...issues, ...crossCheck(source.value, where), ...headers.issues];
  const problems = inText.concat(all.map((issue) => toProblem(issue, name, source)));
  const inactive = inactiveKeys(source.value);
  if (problems.length > 0 || config === undefined) return refused(problems, inactive);
  const effective = effectiveConfig(config, baseDir);
  const setKeys = new Set(setLeaves(source.value).map((leaf) => leaf.key));
  return {
    ok: true,
    loaded: { config: toConfig(effective, headers.values), effective, setKeys, inactive, source: file },
  };
}

const toProblem = (issue: Issue, file: string, source: YamlSource): Problem => ({
  file,
  ...source.placeOf(issue.path, issue.part),
  key: dotted(issue.path),
  message: issue.message,
});

const refused = (problems: readonly Problem[], inactive: readonly string[] = []): Inspection => ({
  ok: false,
  problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column),
  inactive,
});
