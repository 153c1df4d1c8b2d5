import type { CompileOptions } from '../../rules/compile.ts';
import { readPipelines } from './pipeline-files.ts';
import { readPlaceholders } from './placeholders-file.ts';

/** Files that say how rules are to be read. */
export interface RuleReading {
  readonly placeholders?: string;
  readonly pipeline?: readonly string[];
}

/** Throws TELEGEN_RULES for a file that says nothing sound. */
export function compileOptionsOf({ placeholders, pipeline }: RuleReading): CompileOptions {
  const transform = readPipelines(pipeline);
  return { placeholders: readPlaceholders(placeholders), ...(transform === undefined ? {} : { transform }) };
}
