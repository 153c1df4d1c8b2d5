import { readFileSync } from 'node:fs';

const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** Byte offset of a tracepoint's field in its record, or undefined without tracefs or the field. */
export function tracepointFieldOffset(event: string, field: string): number | undefined {
  for (const root of TRACEFS) {
    try {
      const format = readFileSync(`${root}/events/${event}/format`, 'utf8');
      const match = new RegExp(`\\b${field};\\s*offset:(\\d+);`).exec(format);
      if (match) return Number(match[1]);
    } catch {
      // Not mounted here: the next place, else the feature is reported as missing.
    }
  }
  return undefined;
}
