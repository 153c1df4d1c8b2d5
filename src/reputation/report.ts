import type { ParsedBlocklist } from './blocklist-file.ts';

/** Something an operator should know. `message` is one complete line that names the file. */
export interface BlocklistReport {
  readonly level: 'info' | 'warning';
  readonly file: string;
  readonly line?: number;
  readonly message: string;
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
export function lineReports({ file, invalid, masked, stats }: ParsedBlocklist): BlocklistReport[] {
  const reports = invalid
    .slice(0, NAMED_LINES)
    .map(({ line, text, reason }) => warning(file, `"${text}": ${reason}; line ignored`, line));
  const more = stats.invalid - reports.length;
  if (more > 0) reports.push(warning(file, `${more} more invalid lines ignored, ${stats.invalid} in all`));
  const [first] = masked;
  if (first) {
    const others = stats.masked > 1 ? ` (and ${stats.masked - 1} more like it)` : '';
    reports.push(
      warning(file, `"${first.text}" has host bits set; taken as ${first.network}${others}`, first.line),
    );
  }
  return reports;
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
