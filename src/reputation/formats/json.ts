export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** undefined for text that is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text) as Json;
  } catch {
    return undefined;
  }
}

/** Why a text is not JSON, in the words of the parser. */
export function jsonProblem(text: string): string {
  try {
    JSON.parse(text);
    return 'not the JSON that was expected';
  } catch (error) {
    return `not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asArray(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** The text, unless it is empty or no text. */
export function asText(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A confidence of 0 to 100; anything else is unknown. */
export function asConfidence(value: Json | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= 100 ? Math.round(value) : undefined;
}

/**
 * Tells on which line a JSON text mentions a string. Ask in the order of the text: each search goes on where the last
 * one ended, so that all of them together read the text once.
 */
export function createLineFinder(text: string): (mentioned: string) => number {
  const endOfLine = (from: number): number => {
    const end = text.indexOf('\n', from);
    return end < 0 ? text.length : end;
  };
  let at = 0;
  let line = 1;
  let end = endOfLine(0);
  return (mentioned) => {
    const found = text.indexOf(JSON.stringify(mentioned), at);
    if (found < 0) return line;
    for (; end < found; end = endOfLine(end + 1)) line++;
    at = found;
    return line;
  };
}

/** Without the members that are undefined, as exact optional properties want it. */
export function known<T extends object>(facts: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
