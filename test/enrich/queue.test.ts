import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createQueue, type QueueLink } from '../../src/enrich/queue.ts';

interface Item extends QueueLink<Item> {
  readonly name: number;
}

it('keeps the order of any pushes and removals', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9)), (steps) => {
      const queue = createQueue<Item>();
      const items = Array.from(
        { length: 10 },
        (_unused, name): Item => ({ name, before: undefined, after: undefined }),
      );
      let model: number[] = [];
      for (const name of steps) {
        const item = items[name] as Item;
        if (model.includes(name)) queue.remove(item);
        else queue.push(item);
        model = model.includes(name) ? model.filter((other) => other !== name) : [...model, name];
        expect([queue.first()?.name, queue.size()]).toEqual([model[0], model.length]);
      }
      const rest: number[] = [];
      for (let item = queue.first(); item !== undefined; item = queue.first()) {
        rest.push(item.name);
        queue.remove(item);
      }
      expect(rest).toEqual(model);
    }),
  );
});
