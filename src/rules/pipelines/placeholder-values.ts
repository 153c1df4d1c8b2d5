import { parseCsvRow } from '../../net/csv-row.ts';
import { substituteSlots } from '../syntax/placeholders.ts';
import { pipelineRegex } from './expressions.ts';
import { type Params, PipelineError } from './params.ts';
import { changeItems, type Subject, type Transformation } from './subject.ts';
import { changed } from './values.ts';

/** Reads a file that a pipeline names, as text. Throws with the reason. */
export type ReadText = (path: string) => string;

/** Values of a placeholder; undefined leaves it to later items. */
type ValuesOf = (name: string, subject: Subject) => readonly string[] | undefined;

/** Transformations that give placeholders their values, by their type. */
export const PLACEHOLDER_TRANSFORMATIONS: Readonly<
  Record<string, (params: Params, readText: ReadText) => Transformation>
> = {
  value_placeholders: (params) => replacing(params, (name, { vars }) => vars.get(name)),
  wildcard_placeholders: (params) => replacing(params, () => ['*']),
  file_placeholders(params, readText) {
    const values = fileValues(params, readText);
    return replacing(params, () => values);
  },
};

function replacing(params: Params, valuesOf: ValuesOf): Transformation {
  const [include, exclude] = [params.texts('include'), params.texts('exclude')];
  if (include !== undefined && exclude !== undefined)
    params.fail('exclude', '"include" and "exclude" cannot stand together');
  const isMeant = (name: string): boolean =>
    include === undefined ? exclude?.includes(name) !== true : include.includes(name);
  return (subject, scope) =>
    changeItems(subject, scope, (item) => {
      if (!item.modifiers.includes('expand')) return undefined;
      const form = item.modifiers.includes('re') ? 'regex' : 'text';
      return changed(item, ({ value, offset }) => {
        if (typeof value !== 'string' || !value.includes('%')) return undefined;
        const result = substituteSlots(value, {
          form,
          keepsRest: true,
          valuesOf: (name) => (isMeant(name) ? valuesOf(name, subject) : undefined),
        });
        if ('texts' in result) return result.texts;
        subject.problems.error(result.code, offset, result.problem);
        return undefined;
      });
    });
}

/** Read once, with the pipeline. */
function fileValues(params: Params, readText: ReadText): readonly string[] {
  const path = params.needText('path');
  const format = params.choice('format', ['plaintext', 'csv'], 'plaintext');
  const filter = params.text('filter');
  const regex = filter === undefined ? undefined : pipelineRegex(filter, params.need('filter').offset);
  const lines = read(params, path, readText)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const values = format === 'csv' ? columnOf(params, path, lines) : lines;
  return regex === undefined ? values : values.filter((value) => regex.found(value));
}

function read(params: Params, path: string, readText: ReadText): string {
  try {
    return readText(path);
  } catch (error) {
    return params.fail('path', `${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function columnOf(params: Params, path: string, lines: readonly string[]): readonly string[] {
  const column = params.scalar('csv_column');
  const hasHeader = params.node('csv_has_header') === undefined || params.flag('csv_has_header');
  const rows = lines.map((line, i) => {
    const row = parseCsvRow(line);
    if (row === undefined)
      throw new PipelineError(params.need('path').offset, `${path}: row ${i + 1} has an open quote`);
    return row;
  });
  const at =
    typeof column === 'string' ? (hasHeader ? (rows[0]?.indexOf(column) ?? -1) : -1) : Number(column);
  if (!(at >= 0))
    params.fail('csv_column', `${path} has no column ${JSON.stringify(String(column))} in its first row`);
  return rows.slice(hasHeader ? 1 : 0).flatMap((row) => row[at] ?? []);
}
