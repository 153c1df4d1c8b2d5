import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(`${ROOT}/SECURITY.md`, 'utf8');
const REFERENCE = /\[([^\]]+)\]\((test\/[^)]+\.test\.ts)\)/g;
/** Said of what is not telegen's to prevent, or follows from another statement. */
const WITHOUT_TEST = [
  /push ended programs out/,
  /With root they can do everything/,
  /list wrong addresses/,
  /make alerts, and cost processor time/,
  /switch detectors off/,
];

const references = [...PAGE.matchAll(REFERENCE)].map(([, name = '', file = '']) => ({ name, file }));
const section = PAGE.slice(PAGE.indexOf('## Who could attack'), PAGE.indexOf('## Bounds'));
const statements = section.split('\n').filter((line) => line.startsWith('- '));

describe('SECURITY.md', () => {
  it.each(references)('$file has the test "$name"', ({ name, file }) => {
    expect(existsSync(`${ROOT}/${file}`)).toBe(true);
    if (name === file) return;
    expect(readFileSync(`${ROOT}/${file}`, 'utf8')).toContain(name);
  });

  it('names a test for every statement', () => {
    expect(statements.length).toBeGreaterThan(25);
    const bare = statements.filter((line) => line.match(REFERENCE) === null);
    expect(bare.filter((line) => !WITHOUT_TEST.some((known) => known.test(line)))).toEqual([]);
  });

  it.each(['on the wire', 'local user', 'HTTP port', 'blocklist', 'rule', 'configuration', 'collector'])(
    'speaks of %s',
    (who) => {
      expect(section).toMatch(new RegExp(`^### .*${who}`, 'm'));
    },
  );
});
