import type { ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { TelegenError } from '../../model/errors.ts';
import type { GenericEvent } from '../../rules/generic-events.ts';
import type { Logsource } from '../../rules/syntax/logsource.ts';

/** An event out of a file, with its time when the line has one. */
export interface TimedEvent extends GenericEvent {
  readonly timeMs: number | undefined;
}

export interface EventLine {
  /** From 1. */
  readonly line: number;
  readonly event: TimedEvent | { readonly problem: string };
}

/** The events of a file of JSON lines, or of standard input (`-`); blank lines are left out. Throws TELEGEN_RULES. */
export async function* readEvents(file: string): AsyncGenerator<EventLine> {
  const input = file === '-' ? process.stdin : await openStream(file);
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() !== '') yield { line, event: parseEvent(text) };
  }
}

async function openStream(file: string): Promise<ReadStream> {
  try {
    // Once: whoever writes into a pipe would see its reader go.
    return (await open(file)).createReadStream();
  } catch (cause) {
    throw new TelegenError('TELEGEN_RULES', `${file}: cannot be read`, { cause });
  }
}

type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context?: { readonly source?: string },
) => unknown;

/** Whole numbers that a double cannot hold stay exact. */
const exact: Reviver = (_key, value, context) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
    ? BigInt(context?.source ?? '0')
    : value;

/** Reads one event line: `{"logsource": {...}, "fields": {...}}`. */
export function parseEvent(line: string): TimedEvent | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(line, exact);
  } catch (error) {
    return { problem: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const { logsource, fields, timestamp } = isRecord(value) ? value : {};
  if (!isRecord(fields)) return { problem: '"fields" must be an object' };
  const source: Record<string, string> = {};
  for (const [key, text] of Object.entries(isRecord(logsource) ? logsource : {})) {
    if (typeof text === 'string' && text !== '') source[key] = text.toLowerCase();
  }
  return { logsource: source as Logsource, fields, timeMs: timeOf(timestamp) };
}

function timeOf(timestamp: unknown): number | undefined {
  const timeMs = typeof timestamp === 'string' ? Date.parse(timestamp) : timestamp;
  return typeof timeMs === 'number' && Number.isFinite(timeMs) ? timeMs : undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
