/** What telegen uses of /proc/PID/stat. */
export interface ProcStat {
  readonly pid: number;
  readonly comm: string;
  readonly parentPid: number;
  /** Start of the process in clock ticks since boot (field 22). */
  readonly startTicks: number;
}

/** Fields after the name, counted from the state (field 3 of proc(5)). */
const PARENT_FIELD = 1;
const START_FIELD = 19;

/** Reads /proc/PID/stat. The name may hold spaces, parentheses and newlines; undefined when malformed. */
export function parseStat(text: string): ProcStat | undefined {
  const open = text.indexOf('(');
  // The name may contain ')', the numbers after it cannot.
  const close = text.lastIndexOf(')');
  if (open < 1 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ', START_FIELD + 1);
  const pid = wholeNumber(text.slice(0, open).trim());
  const parentPid = wholeNumber(fields[PARENT_FIELD]);
  const startTicks = wholeNumber(fields[START_FIELD]);
  if (pid === undefined || parentPid === undefined || startTicks === undefined) return undefined;
  return { pid, comm: text.slice(open + 1, close), parentPid, startTicks };
}

/** Splits /proc/PID/cmdline. A title written over it (one string, padded with NULs) comes out as one argument. */
export function parseCommandLine(text: string): readonly string[] {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end -= 1;
  return end === 0 ? [] : text.slice(0, end).split('\0');
}

/** The real user id of /proc/PID/status. */
export function parseUserId(text: string): number | undefined {
  return wholeNumber(/^Uid:\t(\d+)/m.exec(text)?.[1]);
}

const DELETED = ' (deleted)';

/** The kernel marks a removed file or cgroup; the mark is no part of the path. */
export function withoutDeletedMark(path: string): string {
  return path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}

/** A whole number that a double holds exactly. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
