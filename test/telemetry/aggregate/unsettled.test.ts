import { expect, test } from 'vitest';
import type { Conversation } from '../../../src/telemetry/aggregate/conversation.ts';
import { SETTLED, Unsettled } from '../../../src/telemetry/aggregate/unsettled.ts';

const conversation = (): Conversation => ({ unsettledAt: SETTLED }) as Conversation;

test('each is in the list once, leaves it from any place, and is found until then', () => {
  const list = new Unsettled();
  const [first, second, third] = [conversation(), conversation(), conversation()];
  for (const each of [first, second, third, second]) list.add(each);
  expect(list.remove(first)).toBe(true);
  expect(list.remove(first)).toBe(false);
  const left = new Set<Conversation>();
  for (let next = list.one(); next !== undefined; next = list.one()) {
    left.add(next);
    expect(list.remove(next)).toBe(true);
  }
  expect(left).toEqual(new Set([second, third]));
  expect([first, second, third].map((each) => each.unsettledAt)).toEqual([SETTLED, SETTLED, SETTLED]);
});

test('one that has left can come again', () => {
  const list = new Unsettled();
  const one = conversation();
  list.add(one);
  list.remove(one);
  list.add(one);
  expect(list.one()).toBe(one);
});
