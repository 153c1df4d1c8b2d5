import { readFileSync } from 'node:fs';
import { TelegenError } from '../../model/errors.ts';
import { MAX_FILE_BYTES } from '../../rule-files/read-files.ts';

/** The text of a file that goes with rules. Throws TELEGEN_RULES when it cannot be read or is too large. */
export function readRuleText(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length <= MAX_FILE_BYTES) return text;
  } catch (cause) {
    throw new TelegenError('TELEGEN_RULES', `${file}: cannot be read`, { cause });
  }
  throw new TelegenError('TELEGEN_RULES', `${file}: larger than 4 MiB`);
}
