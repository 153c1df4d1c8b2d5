import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { entries, file, folder, listed, messages, openStore, said, store, until } from './store-fixture.ts';

describe('at start', () => {
  test('files and folders; the most specific entry of each list', async () => {
    fs.writeFileSync(file, '198.51.100.0/24\n198.51.100.50\n');
    fs.mkdirSync(join(folder, 'd', 'sub.txt'), { recursive: true });
    fs.writeFileSync(join(folder, 'd', 'a.netset'), '198.51.0.0/16\n2001:DB8:BAD::/48\n');
    fs.writeFileSync(join(folder, 'd', 'B.TXT'), '203.0.113.66');
    fs.writeFileSync(join(folder, 'd', 'README.md'), '192.0.2.1');
    fs.writeFileSync(join(folder, 'd', '.hidden.txt'), '192.0.2.1');
    await openStore([file, join(folder, 'd')], { now: () => 1234 });
    expect(listed('198.51.100.50')).toEqual(['bad:198.51.100.50', 'a:198.51.0.0/16']);
    expect(listed('198.51.100.51')).toEqual(['bad:198.51.100.0/24', 'a:198.51.0.0/16']);
    expect(listed('2001:db8:bad::9')).toEqual(['a:2001:db8:bad::/48']);
    expect(listed('203.0.113.66')).toEqual(['B:203.0.113.66']);
    expect(listed('192.0.2.1')).toEqual([]);
    expect(store!.lists()[0]).toEqual({
      name: 'bad',
      file,
      role: 'block',
      entries: 2,
      invalidLines: 0,
      generation: 1,
      loadedAtMs: 1234,
      modifiedMs: Math.floor(fs.statSync(file).mtimeMs),
    });
  });

  test('an empty folder and no paths at all are fine', async () => {
    await openStore([folder]);
    expect(store!.lists()).toEqual([]);
    await store!.close();
    await openStore([]);
    expect(listed('192.0.2.1')).toEqual([]);
  });

  test('every missing path is named', async () => {
    const opening = openStore([join(folder, 'no.txt'), join(folder, 'nor', 'this')]);
    await expect(opening).rejects.toMatchObject({ code: 'TELEGEN_BLOCKLIST' });
    await expect(opening).rejects.toThrow(/no\.txt: no such blocklist file or folder.*\n.*this: no such/);
  });

  test.each([
    ['not a list', 'a\nb\n198.51.100.1\n', /bad\.txt:1: 2 of 3 lines are not addresses, the first: "a"/],
    ['binary', 'a\0', /bad\.txt: the file is binary/],
  ])('a named file that is %s is an error; in a folder it is reported', async (_, text, message) => {
    fs.writeFileSync(file, text);
    await expect(openStore([file])).rejects.toThrow(message);
    messages.length = 0;
    fs.writeFileSync(join(folder, 'good.txt'), '203.0.113.66');
    await openStore([folder]);
    expect(entries()).toEqual(['bad=0', 'good=1']);
    expect(store!.lists()[0]?.error).toMatch(message);
    expect(store!.lists()[0]?.generation).toBe(0);
    said(/bad\.txt.*; not loaded/);
  });

  test('bad lines of a good file are named and counted', async () => {
    fs.writeFileSync(file, `${'x\n'.repeat(8)}${'198.51.100.1\n'.repeat(9)}198.51.100.7/24`);
    await openStore([file]);
    said(/bad\.txt:1: "x": not an IP address, CIDR or range; line ignored/);
    said(/bad\.txt: 3 more invalid lines ignored, 8 in all/);
    said(/bad\.txt:18: "198\.51\.100\.7\/24" has host bits set; taken as 198\.51\.100\.0\/24/);
    expect(entries()).toEqual(['bad=2']);
  });

  test('two lists of one name are told', async () => {
    fs.mkdirSync(join(folder, 'd'));
    for (const path of [file, join(folder, 'd', 'bad.list')]) fs.writeFileSync(path, '198.51.100.1');
    await openStore([file, join(folder, 'd')]);
    said(/bad\.list: has the same list name "bad"/);
  });
});

describe('the last good version stays', () => {
  test.each<[name: string, spoil: () => void, message: RegExp]>([
    [
      'truncated to nothing',
      () => fs.writeFileSync(file, ''),
      /bad\.txt: the file became empty; kept last good version \(2 entries\)/,
    ],
    ['comments only', () => fs.writeFileSync(file, '# soon\n'), /became empty; kept last good version/],
    [
      'an error page',
      () => fs.writeFileSync(file, '<html>\n<p>no</p>\n'),
      /bad\.txt:1: 2 of 2 lines are not addresses.*; kept last good version \(2 entries\)/,
    ],
    [
      'binary',
      () => fs.writeFileSync(file, Buffer.from([31, 139, 0, 1])),
      /binary.*; kept last good version/,
    ],
    [
      'too big',
      () => fs.truncateSync(file, 64 * 1024 * 1024 + 1),
      /limit is 67108864.*; kept last good version/,
    ],
    [
      'a folder in its place',
      () => {
        fs.unlinkSync(file);
        fs.mkdirSync(file);
      },
      /not a regular file; kept last good version/,
    ],
    [
      'unreadable',
      () => {
        fs.unlinkSync(file);
        fs.symlinkSync('bad.txt', file);
      },
      /cannot be read \(ELOOP\); kept last good version/,
    ],
  ])('%s, told once, and a good version is taken up again', async (_, spoil, message) => {
    fs.writeFileSync(file, '198.51.100.50\n198.51.100.51\n');
    await openStore([file], { pollMs: 10 });
    spoil();
    await until(() => said(message));
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(messages.filter((text) => message.test(text))).toHaveLength(1);
    expect(listed('198.51.100.50')).toHaveLength(1);
    expect(store!.lists()).toMatchObject([
      { entries: 2, generation: 1, error: expect.stringContaining('bad.txt') },
    ]);
    fs.rmSync(file, { recursive: true });
    fs.writeFileSync(file, '203.0.113.66');
    await until(() => expect(listed('203.0.113.66')).toHaveLength(1));
    expect(store!.lists()[0]).not.toHaveProperty('error');
  });
});

test('scans without changes leave the generation alone', async () => {
  fs.writeFileSync(file, '198.51.100.50');
  let scans = 0;
  await openStore([file], { pollMs: 5, watch: false });
  const original = store!.lists();
  await until(() => {
    if (store!.lists() !== original) scans++;
    expect(scans).toBeGreaterThan(2);
  });
  expect(store!.generation()).toBe(1);
  expect(messages).toHaveLength(1);
});

describe('close', () => {
  /** inotify watches of this process: unref'd handles are in no list that Node gives. */
  function watches(): number {
    const infos = fs.readdirSync('/proc/self/fdinfo').map((fd) => {
      try {
        return fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      } catch {
        return '';
      }
    });
    return infos.join('\n').match(/^inotify wd:/gm)?.length ?? 0;
  }

  test('drops watches and timers, may come twice and amid a scan; lookups go on', async () => {
    fs.writeFileSync(file, '198.51.100.50');
    const before = watches();
    await openStore([file], { pollMs: 5 });
    expect(watches()).toBeGreaterThan(before);
    fs.writeFileSync(file, '203.0.113.66');
    await store!.close();
    await store!.close();
    expect(watches()).toBe(before);
    const heard = messages.length;
    fs.writeFileSync(file, '203.0.113.67');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(messages).toHaveLength(heard);
    expect(listed('203.0.113.67')).toEqual([]);
    expect(listed('198.51.100.50').length + listed('203.0.113.66').length).toBe(1);
  });

  test('a failed opening leaves nothing behind', async () => {
    fs.writeFileSync(file, 'nonsense');
    const before = watches();
    await expect(openStore([file])).rejects.toThrow('1 of 1 lines');
    expect(watches()).toBe(before);
  });

  test.each(['left open', 'closed'])('a process with a store that is %s ends by itself', (state) => {
    fs.writeFileSync(file, '198.51.100.50');
    const module = new URL('../../src/reputation/blocklist-store.ts', import.meta.url).href;
    const script = `import { openBlocklists } from ${JSON.stringify(module)};
      const store = await openBlocklists({ paths: [${JSON.stringify(file)}], onReport() {} });
      if (${state === 'closed'}) await store.close();
      process.stdout.write(String(store.lists()[0].entries));`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 25_000,
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '1', stderr: '' });
  });
});
