import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALL_FEATURES } from '../../src/capture/live/plan.ts';
import { LAYERS, PURE } from '../support/architecture.ts';
import { plain, ROOT, read, tableRows } from './markdown.ts';

const page = read('ARCHITECTURE.md');
const hooks = tableRows(page, ['Feature', 'Programs', 'Yields']);
const folders = tableRows(page, ['Row', 'Folders of `src/`', 'May']);

test('the hooks are those of the plan, in its order, with their programs', () => {
  const planned = ALL_FEATURES.map(({ name, candidates }) => [
    name,
    candidates.map(({ object, program }) => `${object}/${program}`).join(', '),
  ]);
  expect(hooks.map(([name, programs]) => [plain(name), plain(programs)])).toEqual(planned);
});

test('the required hooks are named', () => {
  const required = ALL_FEATURES.filter((feature) => feature.required).map(({ name }) => `\`${name}\``);
  expect(page).toContain(`Only ${required.join(' and ')} are required.`);
});

test('every program of the page is in its object file', () => {
  for (const [, programs = ''] of hooks) {
    for (const [, object, program] of programs.matchAll(/(core|extra|content)\/(\w+)/g)) {
      expect(read(`bpf/${object}.bpf.c`)).toMatch(
        new RegExp(`\\b(?:int ${program}\\(|BPF_PROG\\(${program},)`),
      );
    }
  }
});

test('the folders are those that the imports are checked by', () => {
  const rows = folders.map(([, names]) => plain(names).split(', '));
  expect(rows).toEqual(LAYERS);
  const pure = folders
    .filter(([, , may]) => may?.startsWith('pure'))
    .flatMap(([, names]) => plain(names).split(', '));
  expect(pure.toSorted()).toEqual(PURE.toSorted());
});

test('folders that the page says do not exist yet do not exist', () => {
  const [, names = ''] = /((?:`[^`\n]+`, )*`[^`\n]+`) do(?:es)? not exist/.exec(page) ?? [];
  const missing = LAYERS.flat().filter((folder) => !existsSync(`${ROOT}/src/${folder}`));
  expect([...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name).toSorted()).toEqual(
    missing.toSorted(),
  );
});
