import { type Inspection, inspectConfig } from '../../src/config/inspect.ts';
import { loadConfig } from '../../src/config/load.ts';
import { TelegenError } from '../../src/model/errors.ts';

/** Files by absolute path; anything else does not exist. */
export function memoryFiles(files: Readonly<Record<string, string | Uint8Array>>) {
  return {
    readFile: (path: string): Uint8Array => {
      const content = Object.hasOwn(files, path) ? files[path] : undefined;
      if (content === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    },
  };
}

export const FILE = '/etc/telegen/config.yaml';

export const inspectText = (text: string, others: Readonly<Record<string, string>> = {}): Inspection =>
  inspectConfig(FILE, memoryFiles({ ...others, [FILE]: text }));

/** Loads a text; throws as loadConfig does. */
export const loadText = (text: string, others: Readonly<Record<string, string>> = {}) =>
  loadConfig(FILE, memoryFiles({ ...others, [FILE]: text }));

/** The error lines of a bad text, without the file name. */
export function errorsOf(text: string, others: Readonly<Record<string, string>> = {}): string[] {
  try {
    loadText(text, others);
  } catch (error) {
    if (!(error instanceof TelegenError) || error.code !== 'TELEGEN_CONFIG') throw error;
    return error.message.split('\n').map((line) => line.replace(`${FILE}:`, ''));
  }
  return [];
}
