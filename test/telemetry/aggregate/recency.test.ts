import { expect, test } from 'vitest';
import { type Linked, Recency } from '../../../src/telemetry/aggregate/recency.ts';

interface Item extends Linked<Item> {
  readonly name: string;
}

test('gives the item that was touched longest ago, whatever was added, touched and removed', () => {
  const recency = new Recency<Item>();
  const model: Item[] = [];
  const all = Array.from(
    { length: 8 },
    (_, i): Item => ({ name: `${i}`, older: undefined, newer: undefined }),
  );
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let step = 0; step < 2_000; step++) {
    const item = all[random(all.length)]!;
    const at = model.indexOf(item);
    if (at < 0) recency.add(item);
    else if (random(2) === 0) recency.touch(item);
    else {
      recency.remove(item);
      model.splice(at, 1);
      expect(recency.oldest).toBe(model[0]);
      continue;
    }
    if (at >= 0) model.splice(at, 1);
    model.push(item);
    expect(recency.oldest).toBe(model[0]);
  }
});
