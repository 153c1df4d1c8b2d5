import { existsSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsOf, ROOT, read, withoutFences } from './markdown.ts';

const PAGES = ['.', 'bench', 'blocklists', 'bpf', 'docs', 'lab'].flatMap((folder) =>
  existsSync(`${ROOT}/${folder}`)
    ? readdirSync(`${ROOT}/${folder}`)
        .filter((name) => name.endsWith('.md'))
        .map((name) => posix.join(folder, name))
    : [],
);

function brokenLinks(page: string, text: string): string[] {
  const links = [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !leadsSomewhere(page, text, target));
}

function leadsSomewhere(page: string, text: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  if (path === '') return anchorsOf(text).has(anchor ?? '');
  const file = posix.join(posix.dirname(page), path);
  if (file.startsWith('..') || !existsSync(`${ROOT}/${file}`)) return false;
  return anchor === undefined || anchorsOf(read(file)).has(anchor);
}

test.each(PAGES)('every link in %s leads to a file and a heading that are there', (page) => {
  expect(brokenLinks(page, read(page))).toEqual([]);
});

test('a broken link, a wrong anchor and a way out of the repository are found', () => {
  const text =
    '[a](nowhere.md) [b](README.md#nothing) [c](../x.md) [d](#none) [e](https://example.com/)\n# Here\n[f](#here)';
  expect(brokenLinks('docs/x.md', text)).toEqual(['nowhere.md', 'README.md#nothing', '../x.md', '#none']);
});

test('docs/README.md leads to every page of docs', () => {
  const pages = readdirSync(`${ROOT}/docs`).filter((name) => name.endsWith('.md') && name !== 'README.md');
  const index = read('docs/README.md');
  expect(pages.filter((name) => !index.includes(`](${name})`))).toEqual([]);
});

describe('README.md', () => {
  const text = `${read('README.md')}\n${read('CONTRIBUTING.md')}`;

  test('names targets that the Makefile has', () => {
    const targets = [...read('Makefile').matchAll(/^([a-z]+):/gm)].map(([, name]) => name);
    const named = [...text.matchAll(/\bmake ([a-z]+)\b(?=[`\s])/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !targets.includes(name))).toEqual([]);
  });

  test('names files that are there', () => {
    const paths = [...text.matchAll(/`((?:src|bpf|test|docs|scripts|deploy|bin|blocklists)\/[\w./-]+)`/g)];
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.map(([, path = '']) => path).filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([]);
  });
});

test('CHANGELOG.md has the version of package.json', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(read('CHANGELOG.md')).toContain(`## ${version} - `);
});

test('licences: Apache-2.0 for all, GPL-2.0-only for what runs in the kernel', () => {
  expect(read('LICENSE')).toMatch(
    /^\s+Apache License\n\s+Version 2\.0, January 2004\n[\s\S]*END OF TERMS AND CONDITIONS/,
  );
  expect(read('bpf/LICENSE')).toMatch(/^\s+GNU GENERAL PUBLIC LICENSE\n\s+Version 2, June 1991/);
  for (const name of readdirSync(`${ROOT}/bpf`).filter((file) => file.endsWith('.bpf.c')))
    expect(read(`bpf/${name}`).split('\n')[0]).toBe('// SPDX-License-Identifier: GPL-2.0-only');
  for (const name of readdirSync(`${ROOT}/bpf/include/telegen`))
    expect(read(`bpf/include/telegen/${name}`).split('\n')[0]).toMatch(
      /^\/\* SPDX-License-Identifier: GPL-2\.0-only(?: OR Apache-2\.0)? \*\/$/,
    );
});
