import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StoredResult } from './model.ts';

const COMMITTED = fileURLToPath(new URL('./results', import.meta.url));
/** Quick runs are for trying: they never replace a published result. */
const QUICK = fileURLToPath(new URL('../build/bench', import.meta.url));
const BIOME = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));

/** Six significant digits: more would be noise in the repository. */
function shorten(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}

export function storeResult(result: StoredResult): string {
  const file = `${result.quick ? QUICK : COMMITTED}/${result.name}.json`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, shorten, 2)}\n`);
  if (!result.quick) execFileSync(BIOME, ['format', '--write', file], { stdio: 'pipe' });
  return file;
}

/** The committed result, or undefined when there is none. */
export function readResult(name: string): StoredResult | undefined {
  const file = `${COMMITTED}/${name}.json`;
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StoredResult) : undefined;
}
