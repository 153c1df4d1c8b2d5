import { countEntries, type ListNote, type ParsedList } from './parsed-list.ts';

/** What is wrong with a list for so long that it is worth an alert, not only a line in a log. */
export type HealthProblem = 'stale';

/** Something an operator should know. `message` is one complete line that names the file. */
export interface BlocklistReport {
  readonly level: 'info' | 'warning';
  readonly file: string;
  readonly line?: number;
  readonly message: string;
  readonly health?: HealthProblem;
}

export type ReportSink = (report: BlocklistReport) => void;

/** Lines named one by one in a report; the rest are counted. */
const NAMED_LINES = 5;

export function placeOf(file: string, line: number | undefined): string {
  return line === undefined ? file : `${file}:${line}`;
}

export function warning(file: string, message: string, line?: number): BlocklistReport {
  const place = line === undefined ? {} : { line };
  return { level: 'warning', file, ...place, message: `${placeOf(file, line)}: ${message}` };
}

export function info(file: string, message: string): BlocklistReport {
  return { level: 'info', file, message: `${file}: ${message}` };
}

/** What was wrong, line by line, in a list that was loaded all the same. */
export function lineReports(file: string, parsed: ParsedList): BlocklistReport[] {
  const { invalid, ignored, changed, stats, declared } = parsed;
  const reports = invalid
    .slice(0, NAMED_LINES)
    .map(({ line, text, reason }) => warning(file, `"${text}": ${reason}; line ignored`, line));
  const more = stats.invalid - reports.length;
  if (more > 0) reports.push(warning(file, `${more} more invalid lines ignored, ${stats.invalid} in all`));
  if (declared !== undefined && stats.lines < declared)
    reports.push(warning(file, `says that it has ${declared} entries, but ${stats.lines} are there`));
  return [
    ...reports,
    ...firstOf(file, ignored, { count: stats.ignored, verb: 'ignored: ' }),
    ...firstOf(file, changed, { count: stats.changed, verb: '' }),
  ];
}

function firstOf(
  file: string,
  [first]: readonly ListNote[],
  { count, verb }: { count: number; verb: string },
): BlocklistReport[] {
  if (!first) return [];
  const others = count > 1 ? ` (and ${count - 1} more like it)` : '';
  return [warning(file, `"${first.text}" ${verb}${first.reason}${others}`, first.line)];
}

export function loadedReport(file: string, parsed: ParsedList): BlocklistReport {
  return info(file, `loaded ${countEntries(parsed)} entries`);
}

/** Passes on each lasting trouble when it begins; one that ended may be reported again. */
export function createReportOnce(report: ReportSink): (current: Iterable<BlocklistReport>) => void {
  let lasting: ReadonlySet<string> = new Set();
  return (current) => {
    const messages = new Set<string>();
    for (const trouble of current) {
      if (!lasting.has(trouble.message)) report(trouble);
      messages.add(trouble.message);
    }
    lasting = messages;
  };
}
