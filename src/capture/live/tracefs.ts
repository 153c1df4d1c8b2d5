import { readFileSync } from 'node:fs';

const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** Byte offset of a field, from a tracepoint's `format` file; undefined when it has no such field. */
export function fieldOffsetIn(format: string, field: string): number | undefined {
  // The name ends the declaration, or is followed by the size of an array.
  const match = new RegExp(`[ *]${field}(?:\\[\\d*\\])?;\\s*offset:(\\d+);`).exec(format);
  return match ? Number(match[1]) : undefined;
}

/** Byte offset of a tracepoint's field in its record, or undefined without tracefs or the field. */
export function tracepointFieldOffset(event: string, field: string): number | undefined {
  for (const root of TRACEFS) {
    try {
      const offset = fieldOffsetIn(readFileSync(`${root}/events/${event}/format`, 'utf8'), field);
      if (offset !== undefined) return offset;
    } catch {
      // Not mounted here: the next place, else the feature is reported as missing.
    }
  }
  return undefined;
}
