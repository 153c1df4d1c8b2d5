import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BlocklistOptions } from '../../src/reputation/blocklist-store.ts';
import { entries, file, folder, listed, openStore, replace, said, store, until } from './store-fixture.ts';

const NEVER = 2 ** 30;
/** Each way of noticing a change must do alone. */
const MEANS: [name: string, options: Partial<BlocklistOptions>][] = [
  ['watching', { pollMs: NEVER, debounceMs: 10 }],
  ['polling', { pollMs: 15, watch: false }],
];

describe.each(MEANS)('%s', (_, means) => {
  const saves: [name: string, save: () => void][] = [
    ['written in place', () => fs.writeFileSync(file, '203.0.113.66\n')],
    ['replaced by a rename', () => replace(file, '203.0.113.66\n')],
    [
      'deleted and created',
      () => {
        fs.unlinkSync(file);
        fs.writeFileSync(file, '203.0.113.66\n');
      },
    ],
    [
      'backed up and created, as vim does',
      () => {
        fs.renameSync(file, `${file}~`);
        fs.writeFileSync(file, '203.0.113.66\n');
      },
    ],
  ];
  for (const [name, save] of saves) {
    test.each(['file', 'folder'])(`a list that is ${name} is taken up (named as %s)`, async (kind) => {
      fs.writeFileSync(file, '198.51.100.50\n');
      await openStore([kind === 'file' ? file : folder], means);
      expect(listed('198.51.100.50')).toHaveLength(1);
      save();
      await until(() => expect(listed('203.0.113.66')).toEqual(['bad:203.0.113.66']));
      expect(listed('198.51.100.50')).toEqual([]);
      expect(store!.lists()).toMatchObject([{ entries: 1, generation: 2 }]);
      expect(store!.lists()[0]).not.toHaveProperty('error');
    });
  }

  test.each(['file', 'folder'])('symlinks swapped as Kubernetes does it (named as %s)', async (kind) => {
    const version = (name: string, text: string) => {
      fs.mkdirSync(join(folder, name));
      fs.writeFileSync(join(folder, name, 'bad.txt'), text);
    };
    version('..1', '198.51.100.50');
    fs.symlinkSync('..1', join(folder, '..data'));
    fs.symlinkSync('..data/bad.txt', file);
    await openStore([kind === 'file' ? file : folder], means);
    expect(listed('198.51.100.50')).toHaveLength(1);
    version('..2', '203.0.113.66');
    fs.symlinkSync('..2', join(folder, '..data_tmp'));
    fs.renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    fs.rmSync(join(folder, '..1'), { recursive: true });
    await until(() => expect(listed('203.0.113.66')).toHaveLength(1));
    expect(listed('198.51.100.50')).toEqual([]);
  });

  test('files come and go in a folder', async () => {
    fs.writeFileSync(file, '198.51.100.50');
    await openStore([folder], means);
    fs.writeFileSync(join(folder, 'more.ipset'), '203.0.113.66');
    await until(() => expect(entries()).toEqual(['bad=1', 'more=1']));
    fs.unlinkSync(file);
    await until(() => expect(entries()).toEqual(['more=1']));
    expect(listed('198.51.100.50')).toEqual([]);
    said(/bad\.txt: removed from its folder; list dropped \(1 entries\)/);
  });

  test('a named file that vanishes keeps its last good version until it is back', async () => {
    fs.writeFileSync(file, '198.51.100.50');
    await openStore([file], means);
    fs.unlinkSync(file);
    await until(() => said(/the file is gone; kept last good version \(1 entries\)/));
    expect(listed('198.51.100.50')).toHaveLength(1);
    fs.writeFileSync(file, '203.0.113.66');
    await until(() => expect(listed('203.0.113.66')).toHaveLength(1));
    expect(store!.lists()[0]).not.toHaveProperty('error');
  });

  test('a list stays for the grace after its file went, by the clock that was given', async () => {
    fs.writeFileSync(file, '198.51.100.50');
    let clock = 5000;
    await openStore([folder], { ...means, pollMs: 10, removalGraceMs: 1000, now: () => clock });
    fs.unlinkSync(file);
    await until(() => expect(store!.lists()[0]?.error).toMatch(/bad\.txt: the file is gone/));
    clock += 999;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(listed('198.51.100.50')).toHaveLength(1);
    clock += 1;
    await until(() => expect(listed('198.51.100.50')).toEqual([]));
  });

  test('the very same file is out of sight for a while', async () => {
    fs.mkdirSync(join(folder, 'real'));
    fs.writeFileSync(join(folder, 'real', 'bad.txt'), '198.51.100.50');
    fs.symlinkSync('real', join(folder, 'link'));
    await openStore([join(folder, 'link', 'bad.txt')], { ...means, pollMs: 15 });
    fs.unlinkSync(join(folder, 'link'));
    await until(() => said(/the file is gone; kept last good version/));
    fs.symlinkSync('real', join(folder, 'link'));
    await until(() => expect(store!.lists()[0]).not.toHaveProperty('error'));
    expect(listed('198.51.100.50')).toHaveLength(1);
  });

  test('the folder itself is replaced', async () => {
    const lists = join(folder, 'lists');
    fs.mkdirSync(lists);
    fs.writeFileSync(join(lists, 'bad.txt'), '198.51.100.50');
    // No grace: only that the folder cannot be read keeps the list.
    await openStore([lists], { ...means, pollMs: 15, removalGraceMs: 0 });
    fs.renameSync(lists, `${lists}.old`);
    await until(() => said(/lists: the folder cannot be read \(ENOENT\); its lists are kept/));
    expect(listed('198.51.100.50')).toHaveLength(1);
    fs.mkdirSync(lists);
    fs.writeFileSync(join(lists, 'bad.txt'), '203.0.113.66');
    await until(() => expect(listed('203.0.113.66')).toHaveLength(1));
    replace(join(lists, 'bad.txt'), '198.51.100.7');
    await until(() => expect(listed('198.51.100.7')).toHaveLength(1));
  });
});

test('files that change together are swapped together', async () => {
  const other = join(folder, 'other.txt');
  for (const path of [file, other]) fs.writeFileSync(path, '198.51.100.50');
  // A long debounce, so that both renames lie before the scan on any machine.
  await openStore([folder], { pollMs: NEVER, debounceMs: 300 });
  for (const path of [file, other]) replace(path, '203.0.113.66');
  await until(() => expect(listed('203.0.113.66').length).toBeGreaterThan(0));
  expect(listed('203.0.113.66')).toHaveLength(2);
  expect(store!.generation()).toBe(2);
});
