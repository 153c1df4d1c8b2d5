import { resolve } from 'node:path';
import { MAX_SECRET_BYTES } from './defaults.ts';
import type { Issue } from './issue.ts';
import { HEADER_VALUE } from './otlp-schema.ts';
import { isMapping, valueAt } from './plain-data.ts';
import { type ReadFile, readText } from './read-text.ts';

export interface HeaderValues {
  readonly values: Readonly<Record<string, string>>;
  readonly issues: readonly Issue[];
}

export interface HeaderFiles {
  /** Relative header files start here. */
  readonly baseDir: string;
  readonly readFile: ReadFile | undefined;
}

/** OTLP header values, those from files read in. Values of a wrong shape are passed over: the schema reports them. */
export function readHeaderValues(root: unknown, files: HeaderFiles): HeaderValues {
  const headers = valueAt(root, ['otlp', 'headers']);
  const values: [string, string][] = [];
  const issues: Issue[] = [];
  for (const [name, value] of Object.entries(isMapping(headers) ? headers : {})) {
    if (typeof value === 'string') values.push([name, value]);
    if (!isMapping(value) || typeof value.file !== 'string' || value.file === '') continue;
    const result = readValue(resolve(files.baseDir, value.file), files.readFile);
    if ('text' in result) values.push([name, result.text]);
    else issues.push({ path: ['otlp', 'headers', name, 'file'], part: 'value', message: result.problem });
  }
  return { values: Object.fromEntries(values), issues };
}

/** A file's trailing line end is not part of the value. */
function readValue(file: string, readFile: ReadFile | undefined): { text: string } | { problem: string } {
  const result = readText(file, MAX_SECRET_BYTES, readFile);
  if ('problem' in result) return { problem: `${file}: ${result.problem}` };
  const text = result.text.trim();
  if (text === '') return { problem: `${file}: is empty; put the header's value in it` };
  return HEADER_VALUE.test(text)
    ? { text }
    : { problem: `${file}: must hold one line of printable ASCII text` };
}
