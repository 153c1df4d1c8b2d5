import { expect, test } from 'vitest';
import { ERROR_CODES, EXIT } from '../../src/model/errors.ts';
import { plain, read, tableRows } from './markdown.ts';

const page = read('docs/errors.md');
const rows = tableRows(page, ['Code', 'Exit', 'Meaning', 'Cure']);

test('docs/errors.md lists exactly the codes, each once and with its exit code', () => {
  const documented = rows.map(([code, exit]) => [plain(code), Number(exit)]);
  expect(documented).toHaveLength(Object.keys(ERROR_CODES).length);
  expect(Object.fromEntries(documented)).toEqual(ERROR_CODES);
});

test.each(rows)('%s has a meaning and a cure', (_code, _exit, meaning, cure) => {
  expect(meaning).toMatch(/\w.*\.$/);
  expect(cure).toMatch(/\w.*\.$/);
});

test('docs/errors.md lists exactly the exit codes', () => {
  const documented = tableRows(page, ['Exit', 'Meaning']).map(([exit]) => Number(exit));
  expect(documented).toEqual(Object.values(EXIT));
});
