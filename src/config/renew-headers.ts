import { readHeaderValues } from './header-values.ts';
import type { LoadedConfig } from './inspect.ts';

export interface HeaderSource {
  /** The values as their files are by now; undefined when one of them cannot be used. */
  readonly renew: () => Readonly<Record<string, string>> | undefined;
  readonly files: readonly string[];
}

/** OTLP headers whose values are in files, which may be renewed while the program runs. */
export function headerSource({ effective }: Pick<LoadedConfig, 'effective'>): HeaderSource {
  const { headers } = effective.otlp;
  return {
    renew() {
      const { values, issues } = readHeaderValues(
        { otlp: { headers } },
        { baseDir: '/', readFile: undefined },
      );
      return issues.length === 0 ? values : undefined;
    },
    files: Object.values(headers).flatMap((value) => (typeof value === 'string' ? [] : [value.file])),
  };
}
