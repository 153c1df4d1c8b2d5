import { dirname, resolve } from 'node:path';
import { TelegenError } from '../../model/errors.ts';
import { findRuleFiles } from '../../rule-files/find-files.ts';
import { readRegular } from '../../rule-files/read-regular.ts';
import type { RuleTransform } from '../../rules/compile.ts';
import { PipelineError } from '../../rules/pipelines/params.ts';
import { type Pipeline, parsePipeline } from '../../rules/pipelines/pipeline.ts';
import { transformBy } from '../../rules/pipelines/transform.ts';
import { readRuleText } from './rule-text.ts';

/** Of a file that gives placeholders their values. */
const MAX_VALUE_BYTES = 10_485_760;

/**
 * Reads the processing pipelines in files and folders; without any rules stay as they are. Throws TELEGEN_RULES for what is no
 * pipeline.
 */
export function readPipelines(paths: readonly string[] = []): RuleTransform | undefined {
  if (paths.length === 0) return undefined;
  const { files, unreadable } = findRuleFiles(paths);
  for (const { path, reason } of unreadable) throw new TelegenError('TELEGEN_RULES', `${path}: ${reason}`);
  return transformBy(files.flatMap(pipelinesIn));
}

function pipelinesIn(file: string): readonly Pipeline[] {
  const { documents, fail } = readRuleText(file);
  return documents.map((document) => {
    try {
      return parsePipeline(document, (path) => readValues(resolve(dirname(file), path)));
    } catch (error) {
      if (error instanceof PipelineError) return fail(error.offset, error.message);
      throw error;
    }
  });
}

function readValues(path: string): string {
  const read = readRegular(path, MAX_VALUE_BYTES);
  if ('text' in read) return read.text;
  throw new Error(read.reason);
}
