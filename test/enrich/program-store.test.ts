import { expect, it } from 'vitest';
import { createProgramStore, type Program } from '../../src/enrich/program-store.ts';

function program(key: number, pid = key): Program {
  const nothing = {
    parentKey: undefined,
    commandLine: undefined,
    ancestors: undefined,
    container: undefined,
  };
  return {
    key,
    pid,
    parentPid: 1,
    startNs: key,
    execId: key,
    cgroupId: 0,
    comm: '',
    path: `/bin/${key}`,
    ...nothing,
  };
}

function setUp(maxEntries: number, maxChars = 1e6) {
  const evicted = { count: 0 };
  const store = createProgramStore({
    maxEntries,
    maxChars,
    onEvict: () => {
      evicted.count += 1;
    },
  });
  const kept = (keys: readonly number[]) => keys.filter((key) => store.peek(key) !== undefined);
  return { store, evicted, kept };
}

it('lets the ended go before the running', () => {
  const { store, evicted, kept } = setUp(8);
  for (let key = 1; key <= 8; key += 1) store.add(program(key), true);
  for (const pid of [6, 7, 8]) store.end(pid);
  store.add(program(9), true);
  expect(kept([1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual([1, 2, 3, 4, 5, 7, 8, 9]);
  expect(evicted.count).toBe(1);
});

it('keeps a quarter for the ended, however many run', () => {
  const { store, kept } = setUp(8);
  for (let key = 1; key <= 8; key += 1) store.add(program(key), true);
  for (const key of [11, 12, 13]) {
    store.add(program(key), true);
    store.end(key);
  }
  expect(kept([11, 12, 13])).toEqual([12, 13]);
  expect(kept([1, 2, 3, 4, 5, 6, 7, 8])).toEqual([3, 4, 5, 6, 7, 8]);
});

it('keeps what is in use', () => {
  const { store, kept } = setUp(2);
  store.add(program(1), true);
  store.add(program(2), true);
  store.get(1, 1);
  store.add(program(3), true);
  expect(kept([1, 2, 3])).toEqual([1, 3]);
});

it('counts a program as running again when a fork of it shows up', () => {
  const { store, kept } = setUp(4);
  store.add(program(1), true);
  store.end(1);
  store.get(1, 77);
  for (let key = 2; key <= 5; key += 1) {
    store.add(program(key), true);
    store.end(key);
  }
  expect(kept([1])).toEqual([1]);
});

it('knows what a pid runs now', () => {
  const { store } = setUp(8);
  store.add(program(1, 50), true);
  store.add(program(2, 50), true);
  expect(store.current(50)?.key).toBe(2);
  store.end(50);
  expect(store.current(50)).toBeUndefined();
  expect(store.peek(2)?.pid).toBe(50);
  store.add(program(3, 50), false);
  expect(store.current(50)).toBeUndefined();
});

it('counts a program as ended when its process calls exec again, and lets it go without the newer one', () => {
  const { store, kept } = setUp(4);
  store.add(program(1), true);
  store.add(program(2, 50), true);
  store.add(program(3, 50), true);
  store.add(program(4), true);
  store.add(program(5), true);
  expect(kept([1, 2, 3, 4, 5])).toEqual([1, 3, 4, 5]);
  expect(store.current(50)?.key).toBe(3);
});

it('forgets the pid with its program', () => {
  const { store } = setUp(1);
  store.add(program(1, 50), true);
  store.add(program(2, 51), true);
  expect(store.current(50)).toBeUndefined();
  expect(store.size().programs).toBe(1);
});

it('bounds the text it holds', () => {
  const { store, evicted } = setUp(1000, 500);
  for (let key = 1; key <= 100; key += 1) store.add({ ...program(key), commandLine: 'x'.repeat(92) }, true);
  expect(store.size().chars).toBeLessThanOrEqual(500);
  expect(store.size().programs).toBe(5);
  expect(evicted.count).toBe(95);
  store.setAncestors(100, ['y'.repeat(300)]);
  expect(store.peek(100)?.ancestors).toHaveLength(1);
  expect(store.size().chars).toBeLessThanOrEqual(500);
  store.add({ ...program(200), commandLine: 'z'.repeat(501) }, true);
  expect(store.size()).toEqual({ programs: 0, chars: 0 });
});

it('replaces an entry of the same key', () => {
  const { store } = setUp(4);
  store.add(program(1), true);
  const before = store.size();
  store.add(program(1), true);
  expect(store.size()).toEqual(before);
});
